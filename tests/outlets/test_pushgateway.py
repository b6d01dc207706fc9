# SPDX-License-Identifier: MIT
"""What a Pushgateway keeps of what is pushed to it, and what it refuses."""

import base64
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from outlets import ODD, Receiver, example

import harness

PASSWORD = "p:ä s"
HASHED = "$2b$04$YZ4F.axouhUNQ8dtAq0VT.Hi1fQWeNjbwGL8fsBi/4xku.lbUI.Du"  # by bcrypt, as its web.config.file wants it


class PushgatewayTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="flowviz-pushgateway-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)

    def start(self, *flags, **options):
        gateway = Receiver("prometheus-pushgateway", self.folder, "--persistence.file=", *flags, **options)
        self.addCleanup(gateway.kill)
        return gateway

    def send(self, gateway, what, site, *suppliers, scheme="http", **environment):
        return example("pushgateway", f"{scheme}://127.0.0.1:{gateway.port}", what, site, *suppliers, **environment)

    def assert_done(self, done):
        self.assertEqual((done.returncode, done.stdout, done.stderr), (0, "", ""))

    def assert_refused(self, done, reason):
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertIn(reason, done.stderr)


def group(site, **labels):
    return frozenset({"job": "lot import", "site": site, "instance": "", **labels}.items())


class Pushgateway(PushgatewayTest):
    def setUp(self):
        super().setUp()
        self.gateway = self.start()

    def test_it_keeps_what_was_counted_under_the_group_whatever_the_texts(self):
        for site in [*ODD, "north", "", ".", "..", "a%2Fb+c", "a?>ab?"]:  # the last needs the alphabet for URLs
            with self.subTest(site):
                self.assert_done(self.send(self.gateway, "push", site, *ODD))
                found = self.gateway.samples()["import_lots_total"]
                expected = {group(site, supplier=text): 1 for text in ODD}
                self.assertEqual({key: value for key, value in found.items() if ("site", site) in key}, expected)

    def test_put_replaces_a_group_post_its_metrics_and_delete_removes_it(self):
        other = b"# TYPE by_hand gauge\nby_hand 7\n"
        name = base64.urlsafe_b64encode(b"lot import").decode()
        path = f"/metrics/job@base64/{name}/site/north"

        def shown():
            found = self.gateway.samples()
            suppliers = {dict(key)["supplier"] for key in found.get("import_lots_total", {}) if ("site", "north") in key}
            return suppliers, found.get("by_hand", {}).get(group("north"))

        self.assert_done(self.send(self.gateway, "push", "south", "acme"))
        self.assertEqual(self.gateway.request("PUT", path, other).status, 200)
        self.assert_done(self.send(self.gateway, "add", "north", "acme"))
        self.assertEqual(shown(), ({"acme"}, 7))
        self.assert_done(self.send(self.gateway, "add", "north", "farm"))
        self.assertEqual(shown(), ({"farm"}, 7))
        self.assert_done(self.send(self.gateway, "push", "north", "acme"))
        self.assertEqual(shown(), ({"acme"}, None))
        self.assert_done(self.send(self.gateway, "remove", "north"))
        # It answers before it has removed the group.
        harness.wait_until(lambda: shown() == (set(), None), "the group is removed")
        self.assert_done(self.send(self.gateway, "remove", "north"))  # and may be gone
        self.assertIn(group("south", supplier="acme"), self.gateway.samples()["import_lots_total"])

    def test_a_page_that_it_refuses_gives_its_reason_and_changes_nothing(self):
        other = b"# TYPE import_lots_total gauge\nimport_lots_total 7\n"
        self.assertEqual(self.gateway.request("PUT", "/metrics/job/other", other).status, 200)
        done = self.send(self.gateway, "push", "north", "acme")
        self.assert_refused(done, "400 pushed metrics are invalid or inconsistent with existing metrics: ")
        self.assertIn("import_lots_total", done.stderr)
        self.assertRegex(done.stderr, "is not a (GAUGE|COUNTER)")  # it names one of the two
        self.assertEqual(len(self.gateway.samples()["import_lots_total"]), 1)

    def test_a_label_that_would_break_the_gateway_is_refused_before_it_is_sent(self):
        done = self.send(self.gateway, "push", b"\xff")
        self.assert_refused(done, "'site': the value of a label is UTF-8")
        # What it keeps of such a value it refuses ever after, from everybody; or this rule is not needed any more.
        self.assertEqual(self.gateway.request("PUT", "/metrics/job/a/site@base64/_w", b"a 1\n").status, 400)
        self.assert_refused(self.send(self.gateway, "push", "north"), "whose value is not utf8")


class Guarded(PushgatewayTest):
    def test_it_lets_in_whom_it_knows(self):
        config = self.folder / "web.yml"
        config.write_text(f"basic_auth_users:\n  importer: {HASHED}\n")
        credentials = base64.b64encode(f"importer:{PASSWORD}".encode()).decode()
        gateway = self.start(f"--web.config.file={config}", headers={"Authorization": f"Basic {credentials}"})
        known = {"PUSHGATEWAY_USER": "importer", "PUSHGATEWAY_PASSWORD": PASSWORD}
        self.assert_refused(self.send(gateway, "push", "north", "acme"), "401 Unauthorized")
        wrong = {**known, "PUSHGATEWAY_PASSWORD": "wrong"}
        self.assert_refused(self.send(gateway, "push", "north", "acme", **wrong), "401 Unauthorized")
        self.assertNotIn("import_lots_total", gateway.samples())
        self.assert_done(self.send(gateway, "push", "north", "acme", **known))
        self.assertEqual(gateway.samples()["import_lots_total"][group("north", supplier="acme")], 1)

    def test_its_certificate_is_checked(self):
        certificate, key, config = (self.folder / name for name in ("certificate.pem", "key.pem", "web.yml"))
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                        "-subj", "/CN=gateway", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate],
                       check=True, capture_output=True, timeout=harness.DEADLINE_S)  # fmt: skip
        config.write_text(f"tls_server_config:\n  cert_file: {certificate}\n  key_file: {key}\n")
        gateway = self.start(f"--web.config.file={config}", page=False)
        trusting = {"SSL_CERT_FILE": str(certificate)}
        harness.wait_until(lambda: "Connection" not in self.send(gateway, "remove", "north", scheme="https", **trusting).stderr,
                           "the gateway listens")  # fmt: skip
        self.assert_refused(self.send(gateway, "push", "north", scheme="https"),
                            f"0 no answer from https://127.0.0.1:{gateway.port}: SSLServerVerification")  # fmt: skip
        self.assert_done(self.send(gateway, "push", "north", "acme", scheme="https", **trusting))
        self.assert_refused(self.send(gateway, "push", "north"), "400 Client sent an HTTP request to an HTTPS server.")


class Absent(PushgatewayTest):
    def test_one_that_has_gone_is_told(self):
        gateway = self.start()
        self.assertEqual(gateway.terminate(), 0)
        self.assert_refused(self.send(gateway, "push", "north"), f"0 no answer from http://127.0.0.1:{gateway.port}: Connection")


if __name__ == "__main__":
    unittest.main()
