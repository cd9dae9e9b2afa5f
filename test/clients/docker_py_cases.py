"""What a user of the Python package docker does, each by its name on the command line."""

import io
import sys
import tarfile
import threading

import docker
from docker.types import EndpointConfig, Healthcheck, LogConfig, Mount, Ulimit

client = docker.from_env()
LASTING = ["sh", "-c", "echo ready; trap 'exit 0' TERM; while :; do sleep 0.05; done"]


def equal(actual, expected):
    assert actual == expected, f"{actual!r} is not {expected!r}"


def run():
    equal(client.containers.run("busybox", ["echo", "hello"], remove=True), b"hello\n")
    equal(client.containers.run("busybox", ["sh", "-c", "echo out; echo err >&2"], stdout=True, stderr=True, remove=True).splitlines().sort(), None)
    try:
        client.containers.run("busybox", ["sh", "-c", "echo bad >&2; exit 3"], remove=True)
        raise AssertionError("a failing container is no error")
    except docker.errors.ContainerError as error:
        equal((error.exit_status, error.stderr), (3, b"bad\n"))
    try:
        client.containers.run("127.0.0.1:5000/nobody:1")
        raise AssertionError("a missing image is no error")
    except (docker.errors.ImageNotFound, docker.errors.NotFound):
        pass


def options():
    container = client.containers.run(
        "busybox", LASTING, detach=True, name="full", hostname="inside", environment={"A": "b"}, labels={"of": "py"},
        mem_limit="64m", nano_cpus=500000000, pids_limit=50, cap_add=["NET_ADMIN"], cap_drop=["MKNOD"], read_only=True,
        tmpfs={"/scratch": "size=1m"}, ulimits=[Ulimit(name="nofile", soft=100, hard=200)], dns=["192.0.2.1"], extra_hosts={"other": "192.0.2.9"},
        ports={"80/tcp": 8081, "53/udp": ("127.0.0.1", None)}, restart_policy={"Name": "on-failure", "MaximumRetryCount": 3}, shm_size="32m",
        sysctls={"net.ipv4.ip_forward": "1"}, working_dir="/tmp", user="app", init=True, stop_signal="SIGTERM",
        healthcheck=Healthcheck(test=["CMD", "true"], interval=1000000000), log_config=LogConfig(type="json-file", config={"max-size": "1m"}),
        mounts=[Mount("/data", "pydata")], security_opt=["no-new-privileges"],
    )
    try:
        attrs = client.containers.get("full").attrs
        host = attrs["HostConfig"]
        equal((host["Memory"], host["NanoCpus"], host["PidsLimit"]), (64 * 2**20, 500000000, 50))
        equal(attrs["NetworkSettings"]["Ports"]["80/tcp"][0]["HostPort"], "8081")
        equal(container.exec_run(["id", "-u"]).output, b"1000\n")
        equal(container.exec_run("hostname").output, b"inside\n")
        equal([each.name for each in client.containers.list(filters={"label": "of=py"})], ["full"])
        container.reload()
        equal(container.ports["80/tcp"][0]["HostPort"], "8081")
    finally:
        container.remove(force=True, v=True)
        client.volumes.get("pydata").remove()


def logs():
    container = client.containers.run("busybox", ["sh", "-c", "for i in 1 2 3; do echo $i; done; echo err >&2"], detach=True)
    equal(container.wait(), {"StatusCode": 0})
    equal(container.logs(stdout=True, stderr=False), b"1\n2\n3\n")
    equal(container.logs(stdout=False, stderr=True), b"err\n")
    equal(b"".join(container.logs(stream=True, follow=True, stderr=False)), b"1\n2\n3\n")
    equal(len(container.logs(stderr=False, timestamps=True).split(b"Z ")), 4)
    equal(container.logs(stderr=False, since=4102444800), b"")
    container.remove()


def exec():
    container = client.containers.run("busybox", LASTING, detach=True)
    try:
        equal(container.exec_run(["sh", "-c", "echo out; echo err >&2; exit 5"], demux=True), (5, (b"out\n", b"err\n")))
        code, stream = container.exec_run(["sh", "-c", "echo a; sleep 0.1; echo b"], stream=True)
        equal((code, b"".join(stream)), (None, b"a\nb\n"))
        equal(container.exec_run("tty", tty=True).output.strip()[:9], b"/dev/pts/")
        made = client.api.exec_create(container.id, ["cat"], stdin=True)
        sock = client.api.exec_start(made["Id"], socket=True)
        sock._sock.sendall(b"typed\n")
        sock._sock.shutdown(1)
        data = b""
        while piece := sock._sock.recv(4096):
            data += piece
        assert data.endswith(b"typed\n"), data
        equal(client.api.exec_inspect(made["Id"])["ExitCode"], 0)
    finally:
        container.remove(force=True)


def stats():
    container = client.containers.run("busybox", LASTING, detach=True)
    try:
        one = container.stats(stream=False)
        assert one["cpu_stats"]["system_cpu_usage"] > one["precpu_stats"]["system_cpu_usage"]
        assert one["memory_stats"]["usage"] > 0 and one["pids_stats"]["current"] > 0
        several = container.stats(decode=True)
        next(several)
        assert next(several)["networks"]["eth0"]["rx_packets"] >= 0
        assert "PID" in container.top()["Titles"]
    finally:
        container.remove(force=True)


def events():
    seen = []
    stream = client.events(decode=True, filters={"type": "container", "label": "of=pyevents"})

    def listen():
        for event in stream:
            seen.append(event["Action"])
            if event["Action"] == "destroy":
                stream.close()
                return

    listener = threading.Thread(target=listen)
    listener.start()
    client.containers.run("busybox", ["true"], labels={"of": "pyevents"}, detach=True).wait()
    for each in client.containers.list(all=True, filters={"label": "of=pyevents"}):
        each.remove()
    listener.join(15)
    equal(seen, ["create", "start", "die", "destroy"])


def build():
    image, lines = client.images.build(fileobj=io.BytesIO(b"FROM busybox\nARG WHO\nLABEL who=$WHO\nRUN echo $WHO > /who\nCMD cat /who\n"), tag="pybuilt:1", buildargs={"WHO": "me"})
    assert any("Successfully tagged pybuilt:1" in line.get("stream", "") for line in lines)
    equal(image.labels, {"who": "me"})
    equal(client.containers.run("pybuilt:1", remove=True), b"me\n")
    try:
        client.images.build(fileobj=io.BytesIO(b"FROM busybox\nRUN exit 4\n"))
        raise AssertionError("a failing build is no error")
    except docker.errors.BuildError as error:
        assert "non-zero code: 4" in str(error)
    name = "127.0.0.1:5000/py/built"
    image.tag(name, "1")
    assert any("digest" in line.get("status", "") for line in client.images.push(name, "1", stream=True, decode=True))
    client.images.remove(f"{name}:1")
    equal(client.images.pull(name, "1").id, image.id)
    assert client.images.get_registry_data(f"{name}:1").id.startswith("sha256:")
    saved = b"".join(image.save(named=True))
    equal(client.images.load(saved)[0].id, image.id)
    assert image.history()[0]["Id"] == image.id
    client.images.remove("pybuilt:1", force=True)
    client.images.remove(f"{name}:1", force=True)
    client.images.prune()


def archive():
    container = client.containers.run("busybox", LASTING, detach=True)
    try:
        data = io.BytesIO()
        with tarfile.open(fileobj=data, mode="w") as tar:
            info = tarfile.TarInfo("note.txt")
            info.size = 5
            tar.addfile(info, io.BytesIO(b"hello"))
        assert container.put_archive("/tmp", data.getvalue())
        stream, stat = container.get_archive("/tmp/note.txt")
        equal((stat["name"], stat["size"]), ("note.txt", 5))
        with tarfile.open(fileobj=io.BytesIO(b"".join(stream))) as tar:
            equal(tar.extractfile("note.txt").read(), b"hello")
        assert any(change["Path"] == "/tmp/note.txt" for change in container.diff())
        image = container.commit("pycommit", "1", changes="ENV A=b")
        equal(client.containers.run(image.id, ["sh", "-c", "cat /tmp/note.txt; echo $A"], remove=True), b"hellob\n")
        client.images.remove("pycommit:1")
    finally:
        container.remove(force=True)


def networks():
    network = client.networks.create("pynet", driver="bridge", labels={"of": "py"}, attachable=True)
    one = client.containers.run("busybox", LASTING, detach=True, name="one", network="pynet", networking_config={"pynet": EndpointConfig("1.44", aliases=["uno"])})
    two = client.containers.run("busybox", LASTING, detach=True)
    try:
        network.connect(two, aliases=["dos"])
        network.reload()
        equal({each.name for each in network.containers}, {"one", two.name})
        equal(two.exec_run(["ping", "-c1", "-W5", "uno"])[0], 0)
        equal(one.exec_run(["ping", "-c1", "-W5", "dos"]).exit_code, 0)
        network.disconnect(two)
        try:
            network.remove()
            raise AssertionError("a network in use is removed")
        except docker.errors.APIError as error:
            equal(error.status_code, 403)
    finally:
        one.remove(force=True)
        two.remove(force=True)
        network.remove()


def low_level():
    api = client.api
    equal(api.ping(), True)
    assert api.version()["ApiVersion"] and api.info()["OSType"] == "linux"
    made = api.create_container("busybox", ["sh", "-c", "read x; echo got $x"], stdin_open=True, host_config=api.create_host_config(binds=["pyvol:/v"]))
    sock = api.attach_socket(made["Id"], {"stdin": 1, "stdout": 1, "stream": 1})
    api.start(made["Id"])
    sock._sock.sendall(b"it\n")
    data = b""
    while piece := sock._sock.recv(4096):
        data += piece
    assert data.endswith(b"got it\n"), data
    equal(api.wait(made["Id"], condition="not-running"), {"StatusCode": 0})
    api.rename(made["Id"], "lowname")
    equal(api.inspect_container("lowname")["State"]["ExitCode"], 0)
    api.remove_container("lowname", v=True)
    equal([each["Name"] for each in api.volumes(filters={"name": "pyvol"})["Volumes"]], ["pyvol"])
    api.remove_volume("pyvol")
    try:
        api.inspect_container("lowname")
        raise AssertionError("it is still there")
    except docker.errors.NotFound as error:
        assert "No such container: lowname" in error.explanation
    assert api.df()["ImagesUsage"]["TotalCount"] > 0
    api.prune_containers()
    api.prune_networks()
    api.prune_volumes()


globals()[sys.argv[1]]()
print(f"passed {sys.argv[1]}")
