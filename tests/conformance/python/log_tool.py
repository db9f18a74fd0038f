"""The command line tool: aliyunlog, a process a call, with its own retries and its own output."""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

import environment
import scratch
from harness import check, equal

# Options of the tool itself have dashes, parameters of the calls have none.
SPELLED = {"jmes_filter": "jmes-filter"}
PROGRAM = pathlib.Path(sys.executable).with_name("aliyunlog")


class Tool:
    """The tool in a home of its own, so that nobody's settings count."""

    def __init__(self, key_secret=environment.KEY_SECRET, **settings):
        self.home = tempfile.TemporaryDirectory()
        self.environment = {
            "PATH": os.environ["PATH"],
            "http_proxy": os.environ["http_proxy"],
            "HOME": self.home.name,
            "ALIYUN_LOG_CLI_ENDPOINT": environment.LOG_ENDPOINT,
            "ALIYUN_LOG_CLI_ACCESSID": environment.KEY_ID,
            "ALIYUN_LOG_CLI_ACCESSKEY": key_secret,
        } | settings

    def run(self, command, **parameters):
        """Exit status and output."""
        arguments = [f"--{SPELLED.get(name, name)}={value}" for name, value in parameters.items()]
        done = subprocess.run(
            [sys.executable, "-W", "ignore", PROGRAM, "log", command, *arguments],
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=50,
        )
        return done.returncode, done.stdout.strip()

    def told(self, command, **parameters):
        """What a call that succeeds prints, read as JSON where there is any."""
        status, output = self.run(command, **parameters)
        equal(status, 0, f"{command} says {output}:")
        return json.loads(output) if output else None


@check
def tool_projects():
    """aliyunlog creates, shows and deletes a project."""
    tool, name = Tool(), scratch.unique("tool")
    tool.told("create_project", project_name=name, project_des="made by the tool")
    equal(tool.told("get_project", project_name=name)["description"], "made by the tool")
    tool.told("delete_project", project_name=name)


@check
def tool_logstores():
    """aliyunlog creates, lists and deletes a logstore."""
    tool = Tool()
    with scratch.project() as project:
        tool.told(
            "create_logstore", project_name=project, logstore_name="logs", ttl=3, shard_count=2
        )
        told = tool.told("list_logstore", project_name=project)
        equal((told["logstores"], told["total"]), (["logs"], 1))
        tool.told("delete_logstore", project_name=project, logstore_name="logs")


@check
def tool_pulls_logs():
    """aliyunlog pulls what was put: flat logs, the count and the next cursor; filtered by JMES."""
    with scratch.logstore() as store:
        store.put({"id": "1", "größe": "é"}, {"id": "2"}, topic="t")
        place = {"project_name": store.project, "logstore_name": store.name, "shard_id": 0}
        tool = Tool()
        told = tool.told("pull_logs", **place, cursor=store.begin(), count=10)
        equal((told["count"], told["next_cursor"]), (2, store.end()))
        equal([(log["id"], log["__topic__"]) for log in told["logs"]], [("1", "t"), ("2", "t")])
        equal(told["logs"][0]["größe"], "é")
        ids = tool.told("pull_logs", **place, cursor=store.begin(), jmes_filter="logs[*].id")
        equal(ids, ["1", "2"])


@check
def tool_cursors_and_shards():
    """aliyunlog finds cursors and their times, and splits a shard."""
    with scratch.logstore() as store:
        tool = Tool()
        place = {"project_name": store.project, "logstore_name": store.name}
        store.put_ids("a")
        equal(tool.told("get_end_cursor", **place, shard_id=0)["cursor"], store.end())
        told = tool.told("get_cursor_time", **place, shard_id=0, cursor=store.begin())
        assert told["cursor_time"] > 1.7e9, told
        shards = tool.told("split_shard", **place, shardId=0, split_hash="8" + "0" * 31)
        equal([shard["shardID"] for shard in shards], [0, 1, 2])
        equal(tool.told("list_shards", **place), store.shards())


@check
def tool_consumer_groups():
    """aliyunlog creates a group, saves and shows checkpoints."""
    with scratch.logstore() as store:
        tool = Tool()
        place = {"project": store.project, "logstore": store.name, "consumer_group": "group"}
        tool.told("create_consumer_group", **place, timeout=30, in_order="true")
        group = tool.told("list_consumer_group", project=store.project, logstore=store.name)
        equal(group, [{"name": "group", "timeout": 30, "order": True}])
        tool.told("update_check_point", **place, shard=0, check_point=store.begin(), consumer="me")
        [entry] = tool.told("get_check_point", **place)
        equal((entry["checkpoint"], entry["consumer"]), (store.begin(), "me"))


@check
def tool_dumps_a_logstore():
    """aliyunlog dumps every shard of a logstore into files, one log a line."""
    with scratch.logstore(shards=2) as store, tempfile.TemporaryDirectory() as folder:
        for id in range(10):
            store.put_ids([id])
        told = Tool().told(
            "pull_log_dump",
            project_name=store.project,
            logstore_name=store.name,
            from_time="begin",
            to_time="end",
            file_path=f"{folder}/dump_{{}}.json",
        )
        equal(told["total_count"], 10)
        lines = [
            line
            for file in pathlib.Path(folder).iterdir()
            for line in file.read_text().splitlines()
        ]
        equal(sorted(int(json.loads(line)["id"]) for line in lines), list(range(10)))


@check
def tool_tells_errors():
    """aliyunlog prints code, message and request id of a refusal and ends with status 3."""
    with scratch.project() as project:
        status, output = Tool().run("get_logstore", project_name=project, logstore_name="none")
        told = json.loads(output)
        equal((status, told["errorCode"]), (3, "LogStoreNotExist"))
        equal(told["errorMessage"], "logstore none does not exist")
        equal(len(told["requestId"]), 24)
    status, output = Tool(key_secret="wrong").run("list_project")
    equal((status, json.loads(output)["errorCode"]), (3, "SignatureNotMatch"))


@check
def tool_signs_v4():
    """aliyunlog signs by version 4 where it is told to."""
    tool = Tool(ALIYUN_LOG_CLI_SIGN_VERSION="v4", ALIYUN_LOG_CLI_REGION_ID="cn-sandbox")
    with scratch.project() as project:
        told = tool.told("get_project", project_name=project)
        equal(told["projectName"], project)


@check
def tool_never_gives_up():
    """aliyunlog tries again and again what failed with 500, longer than the SDK alone would."""
    with scratch.project() as project:
        busy = 'refuse 500 InternalServerError "busy"'
        scratch.admin("POST", "/faults", f'next 11 GetProject at "{project}.": {busy}')
        equal(Tool().told("get_project", project_name=project)["projectName"], project)
