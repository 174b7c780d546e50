"""Reads HTTP/1.1 bytes as h11 does: one job of JSON per line in, one reading of JSON per line out."""

import base64
import json
import sys

import h11

HEAD_BYTES_MAX = 1024 * 1024


def fields(headers):
    return [[name.decode("latin-1").lower(), value.decode("latin-1")] for name, value in headers]


def empty(method="", target="", status=0, headers=()):
    return {"method": method, "target": target, "status": status, "fields": fields(headers), "body": "", "trailers": [], "complete": False}


def read_requests(data):
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES_MAX)
    messages = []
    connection.receive_data(data)
    ended = False
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return messages, "incomplete", "needs more"
                ended = True
                connection.receive_data(b"")
            elif event is h11.PAUSED:
                return messages, "tunnel", ""
            elif isinstance(event, h11.Request):
                messages.append(empty(event.method.decode("latin-1"), event.target.decode("latin-1"), 0, event.headers))
            elif isinstance(event, h11.Data):
                messages[-1]["body"] += bytes(event.data).decode("latin-1")
            elif isinstance(event, h11.EndOfMessage):
                messages[-1]["trailers"] = fields(event.headers)
                messages[-1]["complete"] = True
                if messages[-1]["method"] == "CONNECT":
                    return messages, "tunnel", ""
                connection.send(h11.Response(status_code=200, headers=[("Content-Length", "0")]))
                connection.send(h11.EndOfMessage())
                if connection.our_state is h11.DONE and connection.their_state is h11.DONE:
                    connection.start_next_cycle()
                elif connection.our_state is h11.MUST_CLOSE or connection.their_state in (h11.MUST_CLOSE, h11.CLOSED):
                    return messages, "none", ""
                else:
                    return messages, "tunnel", ""
            elif isinstance(event, h11.ConnectionClosed):
                return messages, "none", ""
    except h11.RemoteProtocolError as error:
        return messages, tail_of(error, ended), str(error)


def tail_of(error, ended):
    return "incomplete" if ended and ("incomplete" in str(error) or "closed connection" in str(error) or "without" in str(error)) else "error"


def read_response(method, data):
    connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_BYTES_MAX)
    request = [("Host", "a"), ("Upgrade", "x"), ("Connection", "upgrade")] if method == "UPGRADE" else [("Host", "a")]
    connection.send(h11.Request(method="GET" if method == "UPGRADE" else method, target="a:1" if method == "CONNECT" else "/", headers=request))
    connection.send(h11.EndOfMessage())
    messages = []
    connection.receive_data(data)
    ended = False
    try:
        while True:
            event = connection.next_event()
            if event is h11.NEED_DATA:
                if ended:
                    return messages, "incomplete", "needs more"
                ended = True
                connection.receive_data(b"")
            elif event is h11.PAUSED:
                return messages, "tunnel", ""
            elif isinstance(event, h11.InformationalResponse):
                messages.append(empty(status=event.status_code, headers=event.headers))
                messages[-1]["complete"] = True
            elif isinstance(event, h11.Response):
                messages.append(empty(status=event.status_code, headers=event.headers))
            elif isinstance(event, h11.Data):
                messages[-1]["body"] += bytes(event.data).decode("latin-1")
            elif isinstance(event, h11.EndOfMessage):
                messages[-1]["trailers"] = fields(event.headers)
                messages[-1]["complete"] = True
                rest, _ = connection.trailing_data
                return messages, "rest" if rest else "none", ""
            elif isinstance(event, h11.ConnectionClosed):
                return messages, "incomplete" if not messages else "none", ""
    except h11.RemoteProtocolError as error:
        return messages, tail_of(error, ended), str(error)


def main():
    for line in sys.stdin:
        job = json.loads(line)
        data = base64.b64decode(job["bytes"])
        read = read_requests(data) if job["kind"] == "request" else read_response(job["method"], data)
        messages, tail, error = read
        sys.stdout.write(json.dumps({"id": job["id"], "messages": messages, "tail": tail, "error": error}) + "\n")
        sys.stdout.flush()


main()
