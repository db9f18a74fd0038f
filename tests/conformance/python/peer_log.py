"""put, pull and consume of the peer, on aliyun-log-python-sdk.

put PROJECT LOGSTORE                       log groups from stdin
pull PROJECT LOGSTORE                      every log of every shard, begin to present end
consume PROJECT LOGSTORE GROUP CONSUMER    until SIGTERM
"""

import signal
import sys
import threading

from aliyun.log import LogItem, PutLogsRequest
from aliyun.log.consumer import (
    ConsumerProcessorBase,
    ConsumerWorker,
    CursorPosition,
    LogHubConfig,
)

import environment
from lines import said, say


def text(value):
    """Contents are text unless they are not UTF-8: then the SDK hands out bytes."""
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value


def put(project, logstore):
    client = environment.log_client()
    count = 0
    for group in said():
        logs = []
        for log in group["logs"]:
            contents = [(key, value) for key, value in log["contents"]]
            logs.append(LogItem(log["time"], contents))
        request = PutLogsRequest(
            project,
            logstore,
            group.get("topic", ""),
            group.get("source", ""),
            logs,
            hashKey=group.get("hash_key"),
            logtags=list(group.get("tags", {}).items()),
        )
        client.put_logs(request)
        count += 1
    say({"put": count})


def pull(project, logstore):
    client = environment.log_client()
    for shard in client.list_shards(project, logstore).get_shards_info():
        id = shard["shardID"]
        cursor = client.get_begin_cursor(project, logstore, id).get_cursor()
        end = client.get_end_cursor(project, logstore, id).get_cursor()
        while cursor != end:
            pulled = client.pull_logs(project, logstore, id, cursor, end_cursor=end)
            for group in pulled.get_loggroup_list().LogGroups:
                tags = {text(tag.Key): text(tag.Value) for tag in group.LogTags}
                for log in group.Logs:
                    contents = [
                        [text(content.Key), text(content.Value)] for content in log.Contents
                    ]
                    say(
                        {
                            "shard": id,
                            "time": log.Time,
                            "topic": text(group.Topic),
                            "source": text(group.Source),
                            "tags": tags,
                            "contents": contents,
                        }
                    )
            cursor = pulled.get_next_cursor()


class Processor(ConsumerProcessorBase):
    """Tells what it is given, and saves a checkpoint after each batch."""

    def process(self, log_groups, check_point_tracker):
        next = check_point_tracker.get_cursor()
        ids = [
            text(content.Value)
            for group in log_groups.LogGroups
            for log in group.Logs
            for content in log.Contents
            if text(content.Key) == "id"
        ]
        say({"shard": self.shard_id, "next": next, "ids": ids})
        check_point_tracker.save_check_point(True)
        say({"shard": self.shard_id, "saved": next})


def consume(project, logstore, group, consumer):
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    config = LogHubConfig(
        environment.LOG_ENDPOINT,
        environment.KEY_ID,
        environment.KEY_SECRET,
        project,
        logstore,
        group,
        consumer,
        cursor_position=CursorPosition.BEGIN_CURSOR,
        heartbeat_interval=1,
        data_fetch_interval=0.2,
        in_order=True,
    )
    # The SDK proposes two heartbeats; peers in other languages have to agree with this one.
    config.consumer_group_time_out = 6
    worker = ConsumerWorker(Processor, config)
    worker.start()
    say({"ready": True})
    while not stop.wait(1) and worker.is_alive():
        pass
    worker.shutdown()
    worker.join()
    worker.heart_beat.join()
    sys.exit(not stop.is_set())


if __name__ == "__main__":
    {"put": put, "pull": pull, "consume": consume}[sys.argv[1]](*sys.argv[2:])
