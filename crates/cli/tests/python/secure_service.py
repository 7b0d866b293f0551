"""A service over mutual TLS that wants a token: secure_service.py CERTIFICATE KEY CA TOKEN. It prints its port."""

import sys
from concurrent import futures

import grpc

certificate, key, authority = (open(path, "rb").read() for path in sys.argv[1:4])
token = sys.argv[4]


def do(request, context):
    metadata = dict(context.invocation_metadata())
    if metadata.get("authorization") != f"Bearer {token}":
        context.abort(grpc.StatusCode.UNAUTHENTICATED, "no token")
    return b"\x08\x01"  # success: true


handler = grpc.method_handlers_generic_handler("a.Step", {"Do": grpc.unary_unary_rpc_method_handler(do)})
server = grpc.server(futures.ThreadPoolExecutor(2))
server.add_generic_rpc_handlers((handler,))
credentials = grpc.ssl_server_credentials([(key, certificate)], authority, require_client_auth=True)
port = server.add_secure_port("127.0.0.1:0", credentials)
server.start()
print(port, flush=True)
server.wait_for_termination()
