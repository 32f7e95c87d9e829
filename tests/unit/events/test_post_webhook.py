"""Where a message may go, and that it goes there and nowhere else."""

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from contracts.errors import InputError
from services.post_webhook import check_url, is_public, post, signature


@pytest.mark.parametrize(
    "url",
    [
        "http://erp.example.com/", "https://localhost/", "https://127.0.0.1/", "https://10.1.2.3/", "https://[::1]/",
        "https://169.254.169.254/latest/meta-data", "https://[::ffff:10.0.0.1]/", "https://[64:ff9b::7f00:1]/",
        "https://192.168.1.1:8443/", "https://printer.local/", "https://metadata.internal/", "https://intranet/",
        "https://user:word@erp.example.com/", "https://erp.example.com/#part", "ftp://erp.example.com/", "erp", "",
        "https://erp.example.com:0/", "https://erp.example.com:99999/", "https:///path", "https://erp.example.com/a b",
        "https://[::1", "https://2130706433/", "https://0x7f.1/", "https://0.0.0.0/",
    ],
)  # fmt: skip
def test_addresses_that_are_refused(url):
    """By what is wrong, when the webhook is made."""
    with pytest.raises(InputError, match="url: expected"):
        check_url(url, "public")


@pytest.mark.parametrize("url", ["https://erp.example.com/in?x=1", "https://1.1.1.1/", "https://erp.example.com:8443/"])
def test_addresses_that_are_taken(url):
    """Public names and addresses, by https."""
    assert check_url(url, "public").geturl() == url


def test_ones_own_network_only_where_it_is_allowed():
    """A setting of the operator's."""
    assert check_url("http://127.0.0.1:9000/in", "private").port == 9000


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.7", "::1", "fe80::1%eth0", "fd00::1", "224.0.0.1", "100.64.0.1"]
)
def test_a_name_that_turns_private_is_not_called(address):
    """The name is public, what it stands for is not (any more): nothing is connected to."""
    assert not is_public(address)
    reply = post(
        "https://erp.example.com/", {}, b"", targets="public", resolver=lambda host, port: ["1.1.1.1", address]
    )
    assert reply.status is None
    assert "not public" in reply.told


@pytest.fixture
def server():
    """A receiver on this machine: answers with what its path says, and keeps what it got."""

    got = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self):
            body = self.rfile.read(int(self.headers["Content-Length"]))
            got.append((self.path, self.headers["Host"], body))
            self.send_response(int(self.path.strip("/").partition("?")[0]))
            self.send_header("Location", "/200")
            self.send_header("Retry-After", "7")
            self.end_headers()

        def log_message(self, *args):
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as httpd:
        thread = threading.Thread(target=httpd.serve_forever, daemon=True)
        thread.start()
        yield httpd, got
        httpd.shutdown()
        thread.join()


def test_it_goes_to_the_address_that_was_checked(server):
    """The host's name stays in the request, whatever it resolves to by now."""
    httpd, got = server
    port = httpd.server_port
    url = f"http://erp.example.com:{port}/200?x=1"
    reply = post(url, {"a": "b"}, b"body", targets="private", resolver=lambda host, port: ["127.0.0.1"])
    assert (reply.status, reply.told, reply.retry_after_seconds) == (200, "HTTP 200", 7)
    assert got == [("/200?x=1", f"erp.example.com:{port}", b"body")]


def test_redirections_are_not_followed(server):
    """They could lead anywhere."""
    httpd, got = server
    reply = post(f"http://127.0.0.1:{httpd.server_port}/302", {}, b"", targets="private")
    assert reply.status == 302
    assert len(got) == 1


def test_nobody_there_is_told_in_words():
    """A refused connection, an unknown name."""
    assert "refused" in post("http://127.0.0.1:9/", {}, b"", targets="private").told.lower()

    def unknown(host, port):
        raise OSError("Name or service not known")

    assert "not known" in post("http://nowhere.example/", {}, b"", targets="private", resolver=unknown).told


def test_the_signature_of_the_standards_example():
    """The vector of the Standard Webhooks specification's reference libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    told = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
