"""The description of the interface against a running server: no 5xx, no answer that is not described.

Starts the real program on an embedded store with demonstration data, signs in as each kind of caller, and lets schemathesis send
generated requests as that caller. Usage: contract.py PROGRAM [EXAMPLES]
"""

import base64
import hashlib
import hmac
import json
import os
import pathlib
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
import uuid

CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"
HARD_TO_GUESS = {
    "unmatched", "/v1/transfer", "/v1/session/refresh", "/v1/session/end", "/v1/picture", "/v1/uploads/{upload_id}",
    "/v1/coordination/invitation/withdraw", "/v1/snapshots/{snapshot_id}",
}
DEVICE = {"platform": "ios", "model": "simulated", "app_version": "1.0.0"}


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def post(address, path, body, token=None):
    headers = {"content-type": "application/json", "idempotency-key": str(uuid.uuid4())}
    if token:
        headers["authorization"] = f"Bearer {token}"
    request = urllib.request.Request(address + path, json.dumps(body).encode(), headers)
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def digits(otpauth):
    """RFC 6238 with SHA-1, 30 seconds, 6 digits."""
    secret = otpauth.split("secret=")[1].split("&")[0]
    key = base64.b32decode(secret + "=" * (-len(secret) % 8))
    counter = (int(time.time()) // 30).to_bytes(8, "big")
    mac = hmac.new(key, counter, hashlib.sha1).digest()
    start = mac[-1] & 15
    number = int.from_bytes(mac[start : start + 4], "big") & 0x7FFFFFFF
    return f"{number % 1_000_000:06}"


def never_a_success(metrics):
    """Paths that generated requests reached and that no request got a success from."""
    asked, succeeded = set(), set()
    with urllib.request.urlopen(metrics) as answer:
        for line in answer.read().decode().splitlines():
            if line.startswith("ayumi_requests_total{"):
                path = line.split('path="')[1].split('"')[0]
                asked.add(path)
                if 'status="2xx"' in line:
                    succeeded.add(path)
    return sorted(asked - succeeded)


def sign_in(address, printed, login):
    lines = dict(line.split("\t") for line in printed[printed.index(f"login\t{login}") :].splitlines()[:4])
    return post(
        address,
        "/v1/staff/sign-in",
        {
            "login": login,
            "password": lines["password"],
            "one_time_code": digits(lines["second factor"]),
            "device": DEVICE,
        },
    )


def enrol(address, printed):
    lines = printed[printed.index("invitation\t") :].splitlines()
    code, born = lines[0].split("\t")[1], lines[1].split("\t")[1]
    session = post(address, "/v1/enrol", {"code": code, "birth_date": born, "device": DEVICE})
    token = session["tokens"]["access_token"]
    request = urllib.request.Request(address + "/v1/consent-text", headers={"authorization": f"Bearer {token}"})
    with urllib.request.urlopen(request) as answer:
        text = json.load(answer)
    operation = {
        "op_id": "018f0000-0000-7000-8000-000000000001",
        "kind": "consent.given",
        "body_version": 1,
        "occurred_at_ms": 1790000000000,
        "zone": "Asia/Tokyo",
        "utc_offset_min": 540,
        "body": {"text_version": text["version"], "text_sha256": text["text_sha256"]},
    }
    log = {"case_id": session["case_id"], "audience": "care"}
    body = {"log": log, "epoch": session["epoch"], "lane": "talk", "operations": [operation]}
    post(address, "/v1/push", body, token)
    return session


def main(program, examples):
    with tempfile.TemporaryDirectory() as folder:
        printed = subprocess.run(
            [program, "--data", folder, "admin", "demo-data"], check=True, capture_output=True, text=True
        ).stdout
        port, internal = free_port(), free_port()
        address = f"http://127.0.0.1:{port}"
        rates = ["--pushes-per-minute=1000000", "--push-burst=1000000", "--sign-ins-per-hour=1000000"]
        log = open(pathlib.Path(folder, "server.log"), "w", encoding="utf-8")
        server = subprocess.Popen(
            [
                program, "--data", folder, f"--listen=127.0.0.1:{port}", f"--internal-listen=127.0.0.1:{internal}", *rates
            ],
            stdout=log,
            stderr=log,
        )
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.1)
            participant = enrol(address, printed)
            callers = {"nobody": None, "a participant": participant}
            for name in ("dietitian", "adviser", "coordinator"):
                callers[f"{'an' if name[0] in 'aeiou' else 'a'} {name}"] = sign_in(address, printed, f"demo-{name}")
            # Ids of somebody else: nothing that a run does may end the session it runs in.
            known = {
                "case_id": participant["case_id"],
                "epoch": participant["epoch"],
                "society_id": participant["roles"][0]["society_id"],
                "account_id": participant["account_id"],
            }
            failed = []
            for name, session in callers.items():
                print(f"\nThe description as {name}", flush=True)
                ids = dict(known)
                headers = []
                if session:
                    headers = ["--header", f"Authorization: Bearer {session['tokens']['access_token']}"]
                if name == "a coordinator":
                    # She would suspend the account and take the case from its dietitian; the participant is done by now.
                    ids["account_id"] = callers["a dietitian"]["account_id"]
                run = subprocess.run(
                    [
                        sys.executable, "-m", "schemathesis.cli", "run", f"{address}/v1/openapi.json", *headers,
                        "--checks", CHECKS, "--max-examples", str(examples), "--seed", "20260901", "--no-color",
                        "--phases", "examples,coverage,fuzzing", "--request-timeout", "45", "--warnings", "off",
                        "--exclude-path", "/v1/openapi.json",
                    ],
                    env={
                        **os.environ,
                        "AYUMI_CONTRACT_IDS": json.dumps(ids),
                        "SCHEMATHESIS_HOOKS": "hooks",
                        "PYTHONPATH": str(pathlib.Path(__file__).parent),
                        "PYTHONDONTWRITEBYTECODE": "1",
                    },
                    cwd=folder,
                    check=False,
                )
                if run.returncode != 0:
                    failed.append(name)
            if server.poll() is not None:
                failed.append("the server ended")
            else:
                never = never_a_success(f"http://127.0.0.1:{internal}/metrics")
                # Generated digits, tokens, codes and pictures fit nothing; these have tests of their own.
                unexpected = [path for path in never if path not in HARD_TO_GUESS]
                if unexpected:
                    failed.append(f"never a success: {', '.join(unexpected)}")
        finally:
            server.terminate()
            server.wait(30)
            log.close()
        faults = [line for line in open(log.name, encoding="utf-8") if "ERROR" in line]
        print("".join(faults[:20]), end="")
    if failed or faults:
        sys.exit(f"the description and the server differ: {', '.join(failed) or 'errors in the log'}")


if __name__ == "__main__":
    main(os.path.abspath(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 10)
