"""Each component of the cluster: its configuration, its command line, and where it says that it is well."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from . import cgroups, images, packages, paths, services
from .plan import Plan
from .process import Component

NODE = "stepop-node"

# The resource limits of this cluster are those of its machine. The components' own client limits are set above anything
# it can reach, so that what a test measures is not their default of a few requests a second.
CLIENT_QPS = 500
CLIENT_BURST = 1000

# 500 short steps with 50 at a time, and room for the rest.
MAX_PODS = 250


# The components collect garbage half as often as is Go's default: time is scarcer here than memory.
GO = {"GOGC": "200"}


def program(plan: Plan, component: str, name: str, flags: dict[str, str], health: str) -> Component:
    """One of Kubernetes' own programs, with what the profile changes."""
    flags = {**flags, **plan.settings.flags.get(component, {})}
    argv = [plan.binary, name, *(f"{flag}={value}" for flag, value in flags.items())]
    return Component(component, argv, {"url": health}, GO)


def etcd(plan: Plan) -> Component:
    client, peer = (f"http://127.0.0.1:{plan.ports[name]}" for name in ("etcd", "etcd-peer"))
    flags = {
        "--name": "stepop",
        "--data-dir": str(paths.STATE / "etcd"),
        "--listen-client-urls": client,
        "--advertise-client-urls": client,
        "--listen-peer-urls": peer,
        "--initial-advertise-peer-urls": peer,
        "--initial-cluster": f"stepop={peer}",
        # A load test of 100,000 pods goes past the default of 2 GiB.
        "--quota-backend-bytes": str(8 << 30),
        # The default keeps 100,000 entries in memory.
        "--snapshot-count": "10000",
        "--logger": "zap",
    }
    argv = ["etcd", *(f"{name}={value}" for name, value in flags.items())]
    return Component("etcd", argv, {"url": f"{client}/health"}, GO)


def apiserver(plan: Plan) -> Component:
    pki = paths.PKI
    flags = {
        "--etcd-servers": f"http://127.0.0.1:{plan.ports['etcd']}",
        # Clients on this machine come by loopback, pods by the gateway; it can bind to one address or to all.
        "--bind-address": "0.0.0.0",
        "--advertise-address": plan.gateway,
        "--secure-port": str(plan.ports["apiserver"]),
        "--tls-cert-file": f"{pki}/apiserver.crt",
        "--tls-private-key-file": f"{pki}/apiserver.key",
        "--client-ca-file": f"{pki}/ca.crt",
        "--token-auth-file": f"{pki}/tokens.csv",
        "--authorization-mode": "Node,RBAC",
        "--enable-admission-plugins": "NodeRestriction",
        "--service-cluster-ip-range": plan.services,
        "--service-account-issuer": "https://kubernetes.default.svc.cluster.local",
        "--service-account-key-file": f"{pki}/service-accounts.pub",
        "--service-account-signing-key-file": f"{pki}/service-accounts.key",
        "--kubelet-certificate-authority": f"{pki}/ca.crt",
        "--kubelet-client-certificate": f"{pki}/apiserver-to-kubelet.crt",
        "--kubelet-client-key": f"{pki}/apiserver-to-kubelet.key",
        "--kubelet-preferred-address-types": "InternalIP",
        "--profiling": "false",
    }
    health = f"https://127.0.0.1:{plan.ports['apiserver']}/readyz"
    return program(plan, "apiserver", "kube-apiserver", flags, health)


def controller_manager(plan: Plan) -> Component:
    flags = {
        **server_flags("controller-manager"),
        "--bind-address": "127.0.0.1",
        "--secure-port": str(plan.ports["controller-manager"]),
        "--service-account-private-key-file": f"{paths.PKI}/service-accounts.key",
        "--root-ca-file": f"{paths.PKI}/ca.crt",
        "--use-service-account-credentials": "true",
        # The only one: an election would cost seconds at every start.
        "--leader-elect": "false",
        "--kube-api-qps": str(CLIENT_QPS),
        "--kube-api-burst": str(CLIENT_BURST),
        # Otherwise ended pods beyond 12,500 go, in the midst of a load test.
        "--terminated-pod-gc-threshold": "200000",
        "--profiling": "false",
    }
    health = f"https://127.0.0.1:{plan.ports['controller-manager']}/healthz"
    return program(plan, "controller-manager", "kube-controller-manager", flags, health)


def scheduler(plan: Plan) -> Component:
    config: dict[str, object] = {
        "apiVersion": "kubescheduler.config.k8s.io/v1",
        "kind": "KubeSchedulerConfiguration",
        "leaderElection": {"leaderElect": False},
        "clientConnection": {
            "kubeconfig": str(paths.CONFIG / "scheduler.kubeconfig"),
            "qps": CLIENT_QPS,
            "burst": CLIENT_BURST,
        },
    }
    flags = {
        **server_flags("scheduler"),
        "--config": write("scheduler.json", config),
        "--bind-address": "127.0.0.1",
        "--secure-port": str(plan.ports["scheduler"]),
    }
    # --config holds it.
    del flags["--kubeconfig"]
    health = f"https://127.0.0.1:{plan.ports['scheduler']}/healthz"
    return program(plan, "scheduler", "kube-scheduler", flags, health)


def server_flags(name: str) -> dict[str, str]:
    """How a component that is a client of the apiserver and a server of its own metrics proves who is who."""
    kubeconfig = str(paths.CONFIG / f"{name}.kubeconfig")
    return {
        "--kubeconfig": kubeconfig,
        "--authentication-kubeconfig": kubeconfig,
        "--authorization-kubeconfig": kubeconfig,
        "--client-ca-file": f"{paths.PKI}/ca.crt",
        "--tls-cert-file": f"{paths.PKI}/{name}-server.crt",
        "--tls-private-key-file": f"{paths.PKI}/{name}-server.key",
    }


def containerd(plan: Plan) -> Component:
    """Its own in everything: root, state, socket, CNI configuration; a containerd of the system is not touched."""
    state = paths.STATE / "containerd"
    # Plugins that would only look for what is not here, and say so in the log.
    unused = ["aufs", "btrfs", "devmapper", "zfs"]
    config = f"""\
version = 2
root = "{state}/root"
state = "{state}/state"
disabled_plugins = [{", ".join(f'"io.containerd.snapshotter.v1.{name}"' for name in unused)}]

[grpc]
  address = "{paths.CONTAINERD_SOCKET}"

[plugins."io.containerd.internal.v1.opt"]
  path = "{state}/opt"

[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{images.PAUSE}"
  # A machine may lack the right to lower oom_score_adj, and runc then starts nothing.
  restrict_oom_score_adj = true
  netns_mounts_under_state_dir = true

[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "{packages.cni_plugins()}"
  conf_dir = "{paths.CONFIG}/cni"

[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
    Root = "{state}/runc"
"""
    file = paths.CONFIG / "containerd.toml"
    file.write_text(config)
    return Component("containerd", ["containerd", "--config", str(file)], {"socket": str(paths.CONTAINERD_SOCKET)})


def kubelet(plan: Plan) -> Component:
    config: dict[str, object] = {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        # Not all addresses: only the apiserver talks to it, and to the node's address, which is the gateway.
        "address": plan.gateway,
        "port": plan.ports["kubelet"],
        "healthzBindAddress": "127.0.0.1",
        "healthzPort": plan.ports["kubelet-health"],
        "tlsCertFile": f"{paths.PKI}/kubelet-server.crt",
        "tlsPrivateKeyFile": f"{paths.PKI}/kubelet-server.key",
        "authentication": {
            "x509": {"clientCAFile": f"{paths.PKI}/ca.crt"},
            "anonymous": {"enabled": False},
            "webhook": {"enabled": True},
        },
        "authorization": {"mode": "Webhook"},
        "containerRuntimeEndpoint": f"unix://{paths.CONTAINERD_SOCKET}",
        "cgroupDriver": "cgroupfs",
        "cgroupRoot": f"/{cgroups.NAME}",
        "failCgroupV1": False,
        "failSwapOn": False,
        # Nothing is held back for the system, and nothing evicted for the state of this machine's disk.
        "enforceNodeAllocatable": [],
        "evictionHard": {},
        "imageGCHighThresholdPercent": 100,
        "podLogsDir": str(paths.STATE / "pod-logs"),
        "volumePluginDir": str(paths.STATE / "volume-plugins"),
        # The kubelet's own chains in iptables, which nothing here uses.
        "makeIPTablesUtilChains": False,
        "maxPods": MAX_PODS,
        # Unset, every pod gets a warning event about it; whether somebody answers there, `up --services` decides.
        "clusterDNS": [plan.router],
        "clusterDomain": services.DOMAIN,
        # Nothing of how this machine itself finds names.
        "resolvConf": "",
        "serializeImagePulls": False,
        "registryPullQPS": 0,
        "kubeAPIQPS": CLIENT_QPS,
        "kubeAPIBurst": CLIENT_BURST,
        # No limit: a test that reads a pod's events must find them.
        "eventRecordQPS": 0,
        "enableDebuggingHandlers": True,
    }
    config.update(plan.settings.kubelet)
    flags = {
        "--config": write("kubelet.json", config),
        "--kubeconfig": str(paths.CONFIG / "kubelet.kubeconfig"),
        "--root-dir": str(paths.STATE / "kubelet"),
        "--cert-dir": str(paths.STATE / "kubelet" / "pki"),
        "--hostname-override": NODE,
        "--node-ip": plan.gateway,
    }
    health = f"http://127.0.0.1:{plan.ports['kubelet-health']}/healthz"
    return program(plan, "kubelet", "kubelet", flags, health)


def truth(plan: Plan) -> Component:
    server = Path(__file__).with_name("truth_server.py")
    argv = [sys.executable, str(server), plan.gateway, str(plan.ports["truth"]), str(paths.TRUTH_LOG)]
    return Component("truth", argv, {"url": f"{plan.truth_url}/health"})


def write(name: str, config: dict[str, object]) -> str:
    file = paths.CONFIG / name
    file.write_text(json.dumps(config, indent=2))
    return str(file)
