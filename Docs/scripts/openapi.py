"""Validates the OpenAPI documents of two running services and lets schemathesis drive them. See Docs/scripts/openapi.

Every operation is called by somebody who may: by whom, its `x-roles` and `security` tell.
"""

import argparse
import json
import pathlib
import subprocess
import sys

import openapi_schema_validator
import openapi_spec_validator
import requests

PASSWORD = "password"
# Who calls the operations of which role at store-admin.
ACCOUNTS = {"MASTER": "owner1@example.com", "RIDER": "rider@example.com", "OPERATOR": "operator@example.com"}
# Sessions of others end with these, so they are called without one.
WITHOUT_SESSION = {"login", "logout"}
# Operations with rules that no schema says (about several fields, what is a URL, or the encoding of a form): there 400
# is an answer to what fits.
ACROSS_FIELDS = {
    "approvePayment", "cancelPayment", "changeStoreSettings", "getSettlement", "listPastOrders", "login", "placeOrder",
    "registerStoreUser", "setSoldOut", "setWebhook",
}
# What these do would disturb all others.
NOT_CALLED = {"changeSandbox"}
# Of each stream.
MOST_EVENTS = 500
SILENCE = 2
FIELDS = {
    "customerToken": lambda credential: {"authorization-token": credential},
    "storeSession": lambda credential: {"Cookie": f"store_session={credential}"},
}
HOOKS = pathlib.Path(__file__).resolve().parent / "openapi_hooks.py"


def token(api: str) -> str:
    reply = requests.post(
        f"{api}/open-api/user/login", json={"email": "customer@example.com", "password": PASSWORD}, timeout=30)
    reply.raise_for_status()
    return reply.json()["body"]["access_token"]


def session(admin: str, email: str) -> str:
    reply = requests.post(f"{admin}/login", json={"email": email, "password": PASSWORD}, timeout=30)
    reply.raise_for_status()
    return reply.cookies["store_session"]


def operations(document: dict) -> list[dict]:
    return [operation for item in document["paths"].values() for operation in item.values()]


def schemes(operation: dict) -> set[str]:
    return {name for one in operation.get("security", []) for name in one}


def streams(operation: dict) -> bool:
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def configuration(chosen: list[dict], scheme: str, credential: str) -> str:
    """TOML for schemathesis, which calls the chosen operations with one credential."""
    # 422 is what the services answer to a request that is well-formed and not acceptable.
    accepted = ["2xx", "3xx", "401", "403", "404", "409", "422", "429", "503"]
    # What breaks a length may be too long for the body's limit already.
    refused = ["400", "401", "403", "404", "405", "406", "409", "413", "415", "422", "429", "503"]
    lines = [
        f"hooks = {json.dumps(str(HOOKS))}", "[checks]", f"positive_data_acceptance.expected-statuses = {accepted}",
        f"negative_data_rejection.expected-statuses = {refused}",
        # Fields and parameters that a service does not know it has to ignore.
        "[generation]", "allow-extra-parameters = false", "[auth]", "auto-signup = false",
    ]
    if credential:
        lines += [f"[auth.openapi.{scheme}]", f"api_key = {json.dumps(credential)}"]
    for operation in chosen:
        more = []
        if streams(operation):
            # A stream has no end: its head and first event are enough.
            more.append("max-stream-events = 1")
        if operation["operationId"] in ACROSS_FIELDS:
            more.append(f"checks.positive_data_acceptance.expected-statuses = {accepted + ['400']}")
        if more:
            lines += ["[[operations]]", f"include-operation-id = {json.dumps(operation['operationId'])}", *more]
    return "\n".join(lines) + "\n"


def run(name: str, url: str, scheme: str, credentials: dict[str, str], group, arguments) -> bool:
    """Validates a document, and drives its operations in the groups that the function names."""
    document = requests.get(f"{url}/openapi.json", timeout=30).json()
    openapi_spec_validator.validate(document)
    everything = operations(document)
    print(f"{name}: the document is valid, {len(everything)} operations", flush=True)
    passed = True
    for who in sorted({group(operation) for operation in everything}):
        chosen = [
            operation for operation in everything
            if group(operation) == who and operation["operationId"] not in NOT_CALLED
        ]
        config = arguments.work / f"{name}-{who}.toml"
        config.write_text(configuration(chosen, scheme, credentials.get(who, "")))
        seconds = max(3, arguments.seconds * len(chosen) // len(everything))
        command = [
            pathlib.Path(sys.executable).parent / "schemathesis", "--config-file", config, "run",
            f"{url}/openapi.json", "--url", url, "--seed", arguments.seed, "--max-time", seconds, "--checks", "all",
            "--phases", arguments.phases, "--generation-database", "none", "--continue-on-failure",
            "--request-timeout", 10, "--warnings", "off", "--no-color", "--suppress-health-check", "all",
        ]
        for operation in chosen:
            command += ["--include-operation-id", operation["operationId"]]
        print(f"{name} as {who}: {len(chosen)} operations", flush=True)
        ended = subprocess.run([str(part) for part in command], cwd=arguments.work, check=False)
        passed = ended.returncode == 0 and passed
    for path, item in document["paths"].items():
        operation = item.get("get", {"responses": {}})
        if streams(operation):
            credential = credentials[group(operation)]
            passed = check_events(name, f"{url}{path}", operation, FIELDS[scheme](credential), document) and passed
    return passed


def lines_of(reply: requests.Response):
    """The lines of a stream, until nothing comes for a while."""
    try:
        for line in reply.iter_lines(chunk_size=1):
            yield line.decode()
    except requests.exceptions.ConnectionError as error:
        if "timed out" not in str(error):
            raise


def check_events(name: str, url: str, operation: dict, fields: dict, document: dict) -> bool:
    """Reads what the log has for a stream, and compares the data of each event with the schema of its name."""
    schemas = {
        event["event"]: openapi_schema_validator.OAS31Validator(
            {**event["schema"], "components": document["components"]})
        for event in operation["responses"]["200"]["x-events"]
    }
    seen: dict[str, int] = {}
    event, passed = "", True
    with requests.get(f"{url}?last_event_id=0", headers=fields, stream=True, timeout=SILENCE) as reply:
        reply.raise_for_status()
        for text in lines_of(reply):
            if text.startswith("event: "):
                event = text.removeprefix("event: ")
            elif text.startswith("data: "):
                seen[event] = seen.get(event, 0) + 1
                if event not in schemas:
                    print(f"{name}: an event that is not described: {event}")
                    passed = False
                    continue
                for error in schemas[event].iter_errors(json.loads(text.removeprefix("data: "))):
                    print(f"{name}: event '{event}': {error.message} at {error.json_path}: {text[:300]}")
                    passed = False
            elif text == "":
                event = ""
                if sum(seen.values()) >= MOST_EVENTS:
                    break
    print(f"{name}: the events of {url}: {seen}", flush=True)
    return passed and "onopen" in seen


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--api", required=True)
    parser.add_argument("--store-admin", required=True)
    parser.add_argument("--work", required=True, type=pathlib.Path)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--phases", default="examples,coverage,fuzzing")
    arguments = parser.parse_args()

    customer = {"customer": token(arguments.api)}
    sessions = {role: session(arguments.store_admin, email) for role, email in ACCOUNTS.items()}

    def at_api(operation: dict) -> str:
        return "customer" if "customerToken" in schemes(operation) else "nobody"

    def at_store_admin(operation: dict) -> str:
        if "storeSession" not in schemes(operation) or operation["operationId"] in WITHOUT_SESSION:
            return "nobody"
        roles = operation.get("x-roles", ["MASTER"])
        return next(role for role in ACCOUNTS if role in roles)

    results = [
        run("api", arguments.api, "customerToken", customer, at_api, arguments),
        run("store-admin", arguments.store_admin, "storeSession", sessions, at_store_admin, arguments),
    ]
    sys.exit(0 if all(results) else 1)


main()
