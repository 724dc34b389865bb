"""Names and addresses of services: CoreDNS and kube-proxy, in a network namespace of the cluster's own.

kube-proxy's rules have fixed names, so that two of them in one namespace would undo each other's work, and would have to be
found and removed at the end. In a namespace of its own, a port of the bridge like any pod's, it has rules and settings that
nobody else sees and that go with it; pods have a route for the services' addresses that leads there. CoreDNS answers at the
same address, where nothing else is on port 53.
"""

from __future__ import annotations

import json
from pathlib import Path

from . import kubeconfig, network, paths
from .plan import Plan
from .process import Component

# The namespace is the cluster's own, so these are free: Kubernetes' usual ones.
DNS_READY_PORT = 8181
PROXY_HEALTH_PORT = 10256

DOMAIN = "cluster.local"

COREFILE = """\
{domain} in-addr.arpa {{
    bind {address}
    errors
    ready {address}:{ready}
    kubernetes {{
        kubeconfig {kubeconfig}
        # Nobody is to be told what was: tests look at once.
        ttl 0
    }}
}}
. {{
    bind {address}
    # Pods do not reach the world, and a name outside is not looked for there.
    template IN ANY . {{
        rcode NXDOMAIN
    }}
}}
"""


def prepare(plan: Plan) -> None:
    """The namespace, and how the two reach the API server: by the gateway, as pods do."""
    network.create_namespace(plan.bridge, plan.pods)
    for name in ("proxy", "dns"):
        user = {name: kubeconfig.by_certificate(name)}
        kubeconfig.write(paths.CONFIG / f"{name}.kubeconfig", plan.server_for_pods, user)


def dns(plan: Plan, program: Path) -> Component:
    file = paths.CONFIG / "Corefile"
    words = {"address": plan.router, "ready": DNS_READY_PORT, "domain": DOMAIN}
    file.write_text(COREFILE.format(kubeconfig=paths.CONFIG / "dns.kubeconfig", **words))
    argv = [*network.INSIDE, str(program), "-conf", str(file)]
    return Component("dns", argv, {"url": f"http://{plan.router}:{DNS_READY_PORT}/ready"})


def proxy(plan: Plan, node: str) -> Component:
    config: dict[str, object] = {
        "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
        "kind": "KubeProxyConfiguration",
        "mode": "iptables",
        "hostnameOverride": node,
        "clientConnection": {"kubeconfig": str(paths.CONFIG / "proxy.kubeconfig")},
        # The answer of a pod on the same bridge would go straight to the one that asked, who does not know its address.
        "iptables": {"masqueradeAll": True, "localhostNodePorts": False},
        # The sysctls of conntrack are the machine's.
        "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
        "detectLocalMode": "ClusterCIDR",
        "clusterCIDR": plan.pods,
        "healthzBindAddress": f"{plan.router}:{PROXY_HEALTH_PORT}",
        "metricsBindAddress": "127.0.0.1:10249",
    }
    file = paths.CONFIG / "proxy.json"
    file.write_text(json.dumps(config, indent=2))
    argv = [*network.INSIDE, plan.binary, "kube-proxy", f"--config={file}"]
    return Component("proxy", argv, {"url": f"http://{plan.router}:{PROXY_HEALTH_PORT}/healthz"})
