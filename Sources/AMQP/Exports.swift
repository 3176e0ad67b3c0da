// The value types that the public functions take and give (AMQPError, BasicProperties, FieldTable …) are defined beside
// their codec, in a module that does no I/O. Type aliases would not do: with the language feature MemberImportVisibility
// the members of an aliased type are visible only where its own module is imported.

@_exported import AMQPWire
@_exported import TLS
