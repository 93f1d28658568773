"""What the kernel has still to send is known: a container must not end before it is sent."""

import socket

from entrepot.serving.deliveries import is_anything_unsent


def test_bytes_that_a_client_has_not_taken_are_unsent_until_it_does() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
        with socket.create_connection(("127.0.0.1", port)) as client:
            served, _ = listening.accept()
            assert not is_anything_unsent(port)

            served.setblocking(False)
            sent = 0
            with served:
                while chunk := _send(served):
                    sent += chunk
            assert is_anything_unsent(port)  # though the server has closed it

            while data := client.recv(1 << 20):
                sent -= len(data)

    assert sent == 0
    assert not is_anything_unsent(port)


def _send(connection: socket.socket) -> int:
    """How much the kernel took; 0 where it takes no more."""
    try:
        return connection.send(bytes(1 << 20))
    except BlockingIOError:
        return 0
