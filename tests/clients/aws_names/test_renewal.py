"""A certificate that is renewed while the server runs: new connections are shown it, old ones go on."""

from tests.clients.aws_names.site import Shell, tls_init

# Keeps a connection, renews, and connects anew until it is shown another certificate.
SCRIPT = """
import http.client, ssl, subprocess, sys
context = ssl.create_default_context(cafile=sys.argv[1])

def connect():
    connection = http.client.HTTPSConnection("localhost", context=context)
    connection.connect()
    return connection, connection.sock.getpeercert(binary_form=True)

def ask(connection):
    connection.request("GET", "/healthz")
    return connection.getresponse().read().decode().strip()

kept, old = connect()
print(ask(kept))
subprocess.run(sys.argv[2:], check=True, stdout=subprocess.DEVNULL)
for _ in range(100_000):
    connection, shown = connect()
    if shown != old:
        break
    connection.close()
print("renewed" if shown != old else "the same")
print(ask(connection), ask(kept), kept.sock.getpeercert(binary_form=True) == old)
"""


def test_a_renewed_certificate_is_shown_without_a_restart(shell: Shell) -> None:
    printed = shell.python(SCRIPT, str(shell.site.authority), *tls_init(shell.site.data_folder))

    assert printed.splitlines() == ["ok", "renewed", "ok ok True"]
