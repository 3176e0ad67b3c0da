import Foundation

/// What a queue holds.
package struct QueueState: Equatable, Sendable {
    package var ready: Int
    package var unacknowledged: Int
    package var consumers: Int
    package var messages: Int { ready + unacknowledged }

    package init(ready: Int = 0, unacknowledged: Int = 0, consumers: Int = 0) {
        self.ready = ready
        self.unacknowledged = unacknowledged
        self.consumers = consumers
    }
}

/// Administration. It calls into the node with `erl_call`, which takes milliseconds where `rabbitmqctl` takes a third of
/// a second.
extension RabbitMQBroker {
    /// Evaluates Erlang in the node. The last expression comes back as text: a string
    /// as it is (so an empty list as ""), anything else as `~p` prints it.
    @discardableResult
    package func evaluate(_ expressions: String) async throws -> String {
        try await onOwnThread { [self] in
            let file = folder.file("result-\(UInt64.random(in: .min ... .max))")
            defer { try? FileManager.default.removeItem(atPath: file) }
            let program = """
                Evaluated = (fun() -> \(expressions) end)(),
                Text = case io_lib:printable_unicode_list(Evaluated) of
                    true -> Evaluated; false -> io_lib:format("~p", [Evaluated]) end,
                ok = file:write_file("\(file)", unicode:characters_to_binary([Text, 10])).

                """
            // Without a name of its own, a second call at the same time would be refused as the same node.
            let caller = "c" + String(UInt64.random(in: .min ... .max), radix: 36)
            let answer = try run(
                "erl_call", ["-sname", nodeName, "-h", caller, "-c", cookie, "-e"], input: program)
            guard answer.contains("{ok, ok}"), let data = FileManager.default.contents(atPath: file) else {
                throw SupportError("erl_call answered \(answer) to \(expressions)")
            }
            // The last octet keeps the file from being empty: Foundation leaks a page for each empty file it reads.
            return String(decoding: data.dropLast(), as: UTF8.self)
        }
    }

    /// Runs the real `rabbitmqctl` against this broker.
    @discardableResult
    package func rabbitmqctl(_ arguments: String...) async throws -> String {
        try await onOwnThread { [self] in
            try run(installation.path + "/sbin/rabbitmqctl", arguments, within: 60)
        }
    }

    private func run(
        _ program: String, _ arguments: [String], input: String? = nil, within seconds: Double = 30
    ) throws -> String {
        let command = installation.command(program, arguments)
        return try ChildProcess.run(
            command.program, command.arguments, environment: environment, input: input, within: seconds)
    }

    /// Makes a virtual host in which `user` may do everything. Returns its name.
    @discardableResult
    package func makeVirtualHost(_ name: String? = nil, for user: String = "guest") async throws -> String {
        let name = name ?? "test-" + String(UInt64.random(in: .min ... .max), radix: 36)
        try await evaluate(#"rabbit_vhost:add(<<"\#(name)">>, <<"test">>)"#)
        try await setPermissions(user: user, virtualHost: name)
        return name
    }

    package func deleteVirtualHost(_ name: String) async throws {
        try await evaluate(#"rabbit_vhost:delete(<<"\#(name)">>, <<"test">>)"#)
    }

    package func addUser(_ name: String, password: String) async throws {
        try await evaluate(
            #"rabbit_auth_backend_internal:add_user(<<"\#(name)">>, <<"\#(password)">>, <<"test">>)"#)
    }

    package func changePassword(of user: String, to password: String) async throws {
        try await evaluate(
            #"rabbit_auth_backend_internal:change_password(<<"\#(user)">>, <<"\#(password)">>, <<"test">>)"#)
    }

    /// Regular expressions of what the user may configure, write and read in the virtual host.
    package func setPermissions(
        user: String, virtualHost: String = "/", configure: String = ".*", write: String = ".*", read: String = ".*"
    ) async throws {
        try await evaluate(
            """
            rabbit_auth_backend_internal:set_permissions(<<"\(user)">>, <<"\(virtualHost)">>,
                <<"\(configure)">>, <<"\(write)">>, <<"\(read)">>, <<"test">>)
            """)
    }

    /// The queues of a virtual host by name. Exact at the moment of the call; one that goes away meanwhile is left out.
    package func queues(virtualHost: String = "/") async throws -> [String: QueueState] {
        let lines = try await evaluate(
            """
            Line = fun(Queue) ->
                try rabbit_amqqueue:info(Queue, [name, messages_ready, messages_unacknowledged, consumers]) of
                    [_, {_, Ready}, {_, Unacknowledged}, {_, Consumers}] ->
                        {resource, _, queue, Name} = amqqueue:get_name(Queue),
                        [binary_to_list(Name), 9, integer_to_list(Ready), 9, integer_to_list(Unacknowledged), 9,
                            integer_to_list(Consumers), 10]
                catch exit:_ -> [] end end,
            lists:flatten([Line(Queue) || Queue <- rabbit_amqqueue:list(<<"\(virtualHost)">>)])
            """)
        var queues: [String: QueueState] = [:]
        for line in lines.split(separator: "\n") {
            let fields = line.split(separator: "\t", omittingEmptySubsequences: false)
            guard fields.count == 4, let ready = Int(fields[1]), let unacknowledged = Int(fields[2]),
                let consumers = Int(fields[3])
            else { throw SupportError("unexpected line of queues: \(line)") }
            queues[String(fields[0])] = QueueState(
                ready: ready, unacknowledged: unacknowledged, consumers: consumers)
        }
        return queues
    }

    /// One queue, or nil when it does not exist.
    package func queue(_ name: String, virtualHost: String = "/") async throws -> QueueState? {
        try await queues(virtualHost: virtualHost)[name]
    }

    package func deleteQueue(_ name: String, virtualHost: String = "/") async throws {
        try await evaluate(
            """
            {ok, Queue} = rabbit_amqqueue:lookup(rabbit_misc:r(<<"\(virtualHost)">>, queue, <<"\(name)">>)),
            rabbit_amqqueue:delete(Queue, false, false, <<"test">>)
            """)
    }

    /// The client connections now open.
    package func connectionCount() async throws -> Int {
        Int(try await evaluate("length(rabbit_networking:connections())")) ?? 0
    }

    /// The client-provided names (`connection_name`) of the open connections, `""` where there is none.
    package func connectionNames() async throws -> [String] {
        let lines = try await evaluate(
            """
            Line = fun(Connection) ->
                case catch rabbit_networking:connection_info(Connection, [client_properties]) of
                    [{_, Properties}] when is_list(Properties) ->
                        case lists:keyfind(<<"connection_name">>, 1, Properties) of
                            {_, _, Name} -> [$:, binary_to_list(Name), 10]; false -> [$:, 10] end;
                    _ -> [] end end,
            lists:flatten([Line(Connection) || Connection <- rabbit_networking:connections()])
            """)
        return lines.split(separator: "\n").map { String($0.dropFirst()) }
    }

    /// Closes every client connection with reply code 320 (connection-forced), as an operator does.
    package func closeConnections(reason: String = "closed by the test") async throws {
        try await evaluate(
            #"[catch rabbit_networking:close_connection(C, "\#(reason)") || C <- rabbit_networking:connections()], ok"#)
    }

    /// Raises or clears the memory alarm: while it is on, the broker blocks every connection that publishes.
    package func setMemoryAlarm(_ isOn: Bool) async throws {
        try await evaluate(
            isOn
                ? "rabbit_alarm:set_alarm({{resource_limit, memory, node()}, []})"
                : "rabbit_alarm:clear_alarm({resource_limit, memory, node()})")
    }
}
