"""Kubeconfigs, each with the one thing that it is about. Words in << >> are filled in by `run`.

What client-go's own tests of tools/clientcmd, rest and plugin/pkg/client/auth/exec describe is here, with our own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

EXEC = "client.authentication.k8s.io"
GOOD = "token: <<token>>"
CA = "certificate-authority-data: <<ca>>"


@dataclass
class Case:
    name: str
    files: dict[str, str]
    variables: dict[str, str] = field(default_factory=dict)
    context: str = ""
    # Where stepop does otherwise than kubectl, on purpose: what each does, and why.
    difference: str = ""


def kubeconfig(cluster: str = "", user: str = GOOD, more: str = "", context: str = "cluster: c, user: u") -> str:
    cluster = cluster or f"server: '<<server>>', {CA}"
    return (
        f"apiVersion: v1\nkind: Config\ncurrent-context: x\n{more}"
        f"clusters:\n- name: c\n  cluster: {{{cluster}}}\n"
        f"users:\n- name: u\n  user: {{{user}}}\n"
        f"contexts:\n- name: x\n  context: {{{context}}}\n"
    )


def user(name: str, text: str, difference: str = "", **files: str) -> Case:
    return Case(f"user: {name}", {"config": kubeconfig(user=text), **files}, difference=difference)


def cluster(name: str, text: str, variables: dict[str, str] | None = None, difference: str = "") -> Case:
    return Case(f"cluster: {name}", {"config": kubeconfig(cluster=text)}, variables or {}, difference=difference)


def plugin(name: str, script: str, fields: str = "", version: str = "v1", difference: str = "", status: str = "",
           command: str = "./login", mode: str = "interactiveMode: Never") -> Case:
    """An exec plugin that is this script; `status`: it prints one."""
    if status:
        script += f"""echo '{{"apiVersion":"{EXEC}/{version}","kind":"ExecCredential","status":{status}}}'\n"""
    parts = [part for part in (f"apiVersion: {EXEC}/{version}", f"command: {command}", mode, fields) if part]
    return Case(f"exec: {name}", {"config": kubeconfig(user=f"exec: {{{', '.join(parts)}}}"),
                                  "login": f"#!/bin/sh\n{script}"}, difference=difference)


TOKEN = '{"token":"<<token>>"}'

USERS = [
    user("a token", GOOD),
    user("nobody", ""),
    user("a wrong token", "token: wrong-token-of-the-corpus"),
    user("a token with a line break at its end", 'token: "<<token>>\\n"'),
    user("a token of spaces", "token: '   '"),
    user("a number for a token", "token: 12345"),
    user("a list for a token", "token: [a]"),
    user("a token file", "tokenFile: <<folder>>/token", token="<<token>>"),
    user("a token file beside it", "tokenFile: token", token="<<token>>"),
    user("a token file with a line break", "tokenFile: token", token="<<token>>\n"),
    user("a token file that is not there", "tokenFile: nowhere"),
    user("an empty token file", "tokenFile: token", token=""),
    user("a token and a token file", "token: wrong, tokenFile: token", token="<<token>>"),
    user("a token and a token file that is not there", f"{GOOD}, tokenFile: nowhere"),
    user("an EC certificate", "client-certificate-data: <<alice.crt>>, client-key-data: <<alice.key>>"),
    user("an RSA certificate", "client-certificate-data: <<bob.crt>>, client-key-data: <<bob.key>>"),
    user("an EC key in SEC1", "client-certificate-data: <<alice.crt>>, client-key-data: <<alice-sec1.key>>"),
    user("an RSA key in PKCS1", "client-certificate-data: <<bob.crt>>, client-key-data: <<bob-pkcs1.key>>"),
    user("certificate files", "client-certificate: <<pki>>/alice.crt, client-key: <<pki>>/alice.key"),
    user("certificate files by a relative path", "client-certificate: <<relative>>/alice.crt, client-key: <<relative>>/alice.key"),
    user("a certificate file and an inline key", "client-certificate: <<pki>>/alice.crt, client-key-data: <<alice.key>>"),
    user("a certificate inline and by file",
         "client-certificate-data: <<alice.crt>>, client-certificate: <<pki>>/bob.crt, client-key-data: <<alice.key>>"),
    user("a key inline and by file",
         "client-certificate-data: <<alice.crt>>, client-key-data: <<alice.key>>, client-key: <<pki>>/bob.key"),
    user("a certificate without a key", "client-certificate-data: <<alice.crt>>"),
    user("a key without a certificate", "client-key-data: <<alice.key>>"),
    user("another certificate's key", "client-certificate-data: <<alice.crt>>, client-key-data: <<bob.key>>"),
    user("an encrypted PKCS8 key", "client-certificate-data: <<alice.crt>>, client-key-data: <<alice-encrypted.key>>"),
    user("an encrypted PKCS1 key", "client-certificate-data: <<bob.crt>>, client-key-data: <<bob-encrypted.key>>"),
    user("an expired certificate", "client-certificate-data: <<expired.crt>>, client-key-data: <<expired.key>>"),
    user("a certificate of another authority", "client-certificate-data: <<stranger.crt>>, client-key-data: <<stranger.key>>"),
    user("a certificate that is not there", "client-certificate: <<folder>>/no.crt, client-key: <<folder>>/no.key"),
    user("no base64", "client-certificate-data: '***', client-key-data: <<alice.key>>"),
    user("no PEM", "client-certificate-data: bm8=, client-key-data: bm8="),
    user("a certificate and a token", f"client-certificate-data: <<alice.crt>>, client-key-data: <<alice.key>>, {GOOD}"),
    user("a password", "username: me, password: password-of-the-corpus"),
    user("a token and a password", f"{GOOD}, username: me, password: password-of-the-corpus"),
    user("a certificate and a password",
         "client-certificate-data: <<alice.crt>>, client-key-data: <<alice.key>>, username: me, password: p"),
    user("impersonation", f"{GOOD}, as: jane"),
    user("impersonation with groups", f"{GOOD}, as: jane, as-groups: [a, b]"),
    user("impersonation with a uid", f"{GOOD}, as: jane, as-uid: '17'"),
    user("impersonation with more", f"{GOOD}, as: jane, as-user-extra: {{scopes: [read, write], 'example.org/A b': [z]}}"),
    user("impersonation with groups and nobody", f"{GOOD}, as-groups: [a]"),
    user("impersonation that is not allowed",
         "client-certificate-data: <<alice.crt>>, client-key-data: <<alice.key>>, as: jane"),
    user("impersonation of a service account", f"{GOOD}, as: 'system:serviceaccount:default:default'"),
    user("an empty exec and auth-provider", f"{GOOD}, exec: null, auth-provider: null"),
    user("a removed auth provider", "auth-provider: {name: gcp}"),
    user("a key that nobody knows", f"{GOOD}, colour: red"),
    user("a name by a slip", "tokn: <<token>>"),
    user("a truth for a name", f"{GOOD}, as: y"),
    user("a truth in quotes for a name", f"{GOOD}, as: 'y'"),
]

PLUGINS = [
    plugin("a token", "", status=TOKEN),
    plugin("a token by v1beta1", "", status=TOKEN, version="v1beta1"),
    plugin("v1beta1 without a mode", "", status=TOKEN, version="v1beta1", mode=""),
    plugin("v1 without a mode", "", status=TOKEN, mode=""),
    plugin("v1alpha1", "", status=TOKEN, version="v1alpha1"),
    plugin("a mode that is none", "", status=TOKEN, mode="interactiveMode: Maybe"),
    plugin("a mode that there is no terminal for", "", status=TOKEN, mode="interactiveMode: Always"),
    plugin("if available", "", status=TOKEN, mode="interactiveMode: IfAvailable"),
    plugin("a certificate", "cat printed\n".replace("printed", "<<folder>>/certificate.json")),
    plugin("a certificate without a key", "", status='{"clientCertificateData":"x"}'),
    plugin("a token that will end", "", status='{"token":"<<token>>","expirationTimestamp":"2999-01-01T00:00:00Z"}'),
    plugin("a token that has ended by its own word", "",
           status='{"token":"<<token>>","expirationTimestamp":"2001-01-01T00:00:00Z"}'),
    plugin("an end that is no time", "", status='{"token":"<<token>>","expirationTimestamp":"soon"}'),
    plugin("a wrong token", "", status='{"token":"wrong-token-of-the-corpus"}'),
    plugin("an empty status", "", status="{}"),
    plugin("no status", "", status="null"),
    plugin("arguments", '[ "$1$2" = "one two" ] || exit 1\n', "args: ['one ', two]", status=TOKEN),
    plugin("variables", '[ "$A" = "1 $HOME" ] && exit 1; [ "$A" = \'1 $HOME\' ] || exit 1\n',
           "env: [{name: A, value: '1 $HOME'}]", status=TOKEN),
    plugin("a variable without a name", "", "env: [{value: x}]", status=TOKEN),
    plugin("what it is told", 'echo "$KUBERNETES_EXEC_INFO" | grep -q \'"interactive":false\' || exit 1\n', status=TOKEN),
    plugin("what it is told of the cluster",
           'echo "$KUBERNETES_EXEC_INFO" | grep -q \'"server":"<<server>>"\' || exit 1\n', "provideClusterInfo: true",
           status=TOKEN),
    plugin("what it is not told of the cluster", 'echo "$KUBERNETES_EXEC_INFO" | grep -q server && exit 1\n', status=TOKEN),
    plugin("a command that is not there", "", "installHint: 'get it from example.org'", command="./nothing"),
    plugin("a command that is not in PATH", "", command="no-such-command-of-the-corpus"),
    plugin("no command", "", command="''"),
    plugin("exit 1", "echo no >&2; exit 1\n"),
    plugin("junk", "echo junk\n"),
    plugin("nothing", ""),
    plugin("another version than it says", f"""echo '{{"apiVersion":"{EXEC}/v1beta1","kind":"ExecCredential","status":{TOKEN}}}'\n"""),
    plugin("another kind", f"""echo '{{"apiVersion":"{EXEC}/v1","kind":"Secret","status":{TOKEN}}}'\n"""),
    Case("exec: and a token", {
        "config": kubeconfig(user=f"{GOOD}, exec: {{apiVersion: {EXEC}/v1, command: ./login, interactiveMode: Never}}"),
        "login": "#!/bin/sh\nexit 1\n"},),
    Case("exec: and an auth-provider", {
        "config": kubeconfig(user=f"auth-provider: {{name: oidc}}, exec: {{apiVersion: {EXEC}/v1, command: ./login, "
                                  "interactiveMode: Never}")}),
]

CLUSTERS = [
    cluster("its CA by a file", "server: '<<server>>', certificate-authority: <<ca-file>>"),
    cluster("its CA inline and by file", f"server: '<<server>>', {CA}, certificate-authority: <<ca-file>>"),
    cluster("its CA in a file that is not there", "server: '<<server>>', certificate-authority: nowhere"),
    cluster("its CA is no PEM", "server: '<<server>>', certificate-authority-data: bm8="),
    cluster("the system's CAs", "server: '<<server>>'"),
    cluster("another CA", "server: '<<server>>', certificate-authority-data: <<other-ca.crt>>"),
    cluster("not verified", "server: '<<server>>', insecure-skip-tls-verify: true"),
    cluster("not verified, with a CA", f"server: '<<server>>', insecure-skip-tls-verify: true, {CA}"),
    cluster("verified by a text", "server: '<<server>>', insecure-skip-tls-verify: 'true'"),
    cluster("another name", f"server: '<<server>>', {CA}, tls-server-name: kubernetes.default.svc"),
    cluster("a wrong name", f"server: '<<server>>', {CA}, tls-server-name: example.org"),
    cluster("localhost", f"server: 'https://localhost:<<port>>', {CA}"),
    cluster("IPv6", f"server: 'https://[::1]:<<port-6>>', {CA}, tls-server-name: localhost"),
    cluster("IPv6 under no name of its own", f"server: 'https://[::1]:<<port-6>>', {CA}"),
    cluster("a slash at its end", f"server: '<<server>>/', {CA}"),
    cluster("a prefix", f"server: '<<prefixed>>', {CA}"),
    cluster("a prefix that leads nowhere", f"server: '<<server>>/nowhere', {CA}"),
    cluster("no server", CA),
    cluster("no scheme", f"server: '127.0.0.1:<<port>>', {CA}"),
    cluster("a prefix behind plain HTTP, which is not told who one is", "server: '<<prefixed-http>>'"),
    cluster("another scheme", f"server: 'ftp://127.0.0.1:<<port>>', {CA}"),
    cluster("plain HTTP to a TLS port", "server: 'http://127.0.0.1:<<port>>'"),
    cluster("a closed port", f"server: 'https://127.0.0.1:1', {CA}"),
    cluster("a host that is not there", f"server: 'https://no-such-host.invalid', {CA}"),
    cluster("no compression", f"server: '<<server>>', {CA}, disable-compression: true"),
    cluster("an HTTP proxy", f"server: '<<server>>', {CA}, proxy-url: '<<http>>'"),
    cluster("an HTTP proxy with a password", f"server: '<<server>>', {CA}, proxy-url: '<<http-login>>'"),
    cluster("an HTTP proxy with a wrong password", f"server: '<<server>>', {CA}, proxy-url: '<<http-wrong>>'"),
    cluster("SOCKS5", f"server: '<<server>>', {CA}, proxy-url: '<<socks>>'"),
    cluster("SOCKS5 with a password", f"server: '<<server>>', {CA}, proxy-url: '<<socks-login>>'"),
    cluster("SOCKS5 with a wrong password", f"server: '<<server>>', {CA}, proxy-url: '<<socks-wrong>>'"),
    cluster("SOCKS5 by name", f"server: 'https://localhost:<<port>>', {CA}, proxy-url: '<<socks>>'"),
    cluster("a proxy that is not there", f"server: '<<server>>', {CA}, proxy-url: 'http://127.0.0.1:1'"),
    cluster("a proxy of another kind", f"server: '<<server>>', {CA}, proxy-url: 'ftp://127.0.0.1:1'"),
    cluster("the environment's proxy for loopback", f"server: '<<server>>', {CA}", {"HTTPS_PROXY": "http://127.0.0.1:1"}),
    cluster("the environment's proxy", f"server: '<<gateway>>', {CA}", {"HTTPS_PROXY": "<<http-login>>"}),
    cluster("the environment's proxy in small letters", f"server: '<<gateway>>', {CA}", {"https_proxy": "http://127.0.0.1:1"}),
    cluster("NO_PROXY", f"server: '<<gateway>>', {CA}", {"HTTPS_PROXY": "http://127.0.0.1:1", "NO_PROXY": "<<gateway-cidr>>"}),
    cluster("HTTP_PROXY is not for TLS", f"server: '<<gateway>>', {CA}", {"HTTP_PROXY": "http://127.0.0.1:1"}),
]

HALF_CLUSTERS = f"clusters:\n- name: c\n  cluster: {{server: '<<server>>', {CA}}}\n"
HALF_USERS = f"users:\n- name: u\n  user: {{{GOOD}}}\n"
HALF_CONTEXTS = "contexts:\n- name: x\n  context: {cluster: c, user: u}\ncurrent-context: x\n"
WRONG_USER = "users:\n- name: u\n  user: {token: wrong-token-of-the-corpus}\n"
LIST = {"KUBECONFIG": "<<folder>>/a:<<folder>>/b"}

FILES = [
    Case("files: three parts in three files", {"a": HALF_CLUSTERS, "b": HALF_USERS, "d": HALF_CONTEXTS},
         {"KUBECONFIG": "<<folder>>/a:<<folder>>/b:<<folder>>/d"}),
    Case("files: the first user of a name wins", {"a": kubeconfig(), "b": WRONG_USER}, LIST),
    Case("files: the second user of a name loses", {"a": WRONG_USER, "b": kubeconfig()}, LIST),
    Case("files: nothing of the second entry is mixed in",
         {"a": "users:\n- name: u\n  user: {as: jane}\n", "b": kubeconfig()}, LIST),
    Case("files: the first current context wins", {"a": "current-context: nowhere\n", "b": kubeconfig()}, LIST),
    Case("files: one that is not there", {"b": kubeconfig()}, LIST),
    Case("files: none that is there", {}, LIST),
    Case("files: an empty element", {"b": kubeconfig()}, {"KUBECONFIG": ":<<folder>>/b:"}),
    Case("files: an empty one", {"a": "", "b": kubeconfig()}, LIST),
    Case("files: a damaged one", {"a": "clusters: [", "b": kubeconfig()}, LIST),
    Case("files: the home's", {".kube/config": kubeconfig()}, {"KUBECONFIG": "", "HOME": "<<folder>>"}),
    Case("files: a path relative to each", {"a": HALF_CLUSTERS + HALF_CONTEXTS,
                                            "b": "users:\n- name: u\n  user: {tokenFile: token}\n", "token": "<<token>>"}, LIST),
    Case("files: JSON", {"config": '{"clusters":[{"name":"c","cluster":{"server":"<<server>>","certificate-authority-data":"<<ca>>"}}],'
                                   '"users":[{"name":"u","user":{"token":"<<token>>"}}],"current-context":"x",'
                                   '"contexts":[{"name":"x","context":{"cluster":"c","user":"u"}}]}'}),
    Case("files: another kind", {"config": kubeconfig().replace("kind: Config", "kind: Secret")}),
    Case("files: another version", {"config": kubeconfig().replace("apiVersion: v1", "apiVersion: v2")}),
    Case("files: no kind", {"config": kubeconfig().replace("kind: Config\n", "")}),
    Case("files: a key that nobody knows", {"config": kubeconfig(more="colour: red\n")}),
    Case("files: no list", {"config": "clusters: 1\n"}),
    Case("files: two users of a name", {"config": kubeconfig().replace("users:\n", "users:\n- name: u\n  user: {token: x}\n")}),
    Case("files: an anchor", {"config": kubeconfig(cluster=f"server: &s '<<server>>', tls-server-name: localhost, {CA}")}),
    Case("context: another one", {"config": kubeconfig().replace(
        "contexts:\n", "contexts:\n- name: other\n  context: {cluster: c, user: v}\n").replace(
        "users:\n", "users:\n- name: v\n  user: {client-certificate-data: <<alice.crt>>, client-key-data: <<alice.key>>}\n")},
         context="other"),
    Case("context: one that is not there", {"config": kubeconfig()}, context="z"),
    Case("context: none", {"config": kubeconfig().replace("current-context: x\n", "")}),
    Case("context: no cluster", {"config": kubeconfig(context="user: u")}),
    Case("context: a cluster that is not there", {"config": kubeconfig(context="cluster: d, user: u")}),
    Case("context: a user that is not there", {"config": kubeconfig(context="cluster: c, user: v")}),
    Case("context: no user", {"config": kubeconfig(context="cluster: c")}),
    Case("context: a name that is a truth", {"config": kubeconfig().replace("- name: x", "- name: y", 1)}, context="y"),
    Case("context: damage elsewhere", {"config": kubeconfig(more="", user=GOOD).replace(
        "users:\n", "users:\n- name: w\n  user: {client-certificate: /no/such/file}\n")}),
]

CASES = USERS + PLUGINS + CLUSTERS + FILES
