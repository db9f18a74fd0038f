# Puts a log and a row into a running sandbox, and reads both back.
import os

from aliyun.log import LogClient, LogItem, PutLogsRequest
from tablestore import OTSClient, Row

# The SDK puts the project in front of the endpoint; as its proxy the sandbox takes any such name.
os.environ["http_proxy"] = "http://" + os.environ["LOG_SERVICE_ADDRESS"]
key = os.environ["ACCESS_KEY_ID"], os.environ["ACCESS_KEY_SECRET"]

logs = LogClient("sandbox.log.example", *key, source="10.0.0.1")
log = LogItem(contents=[("path", "/")])
logs.put_logs(PutLogsRequest("demo", "access", logitems=[log], hashKey="0" * 32))
for part in logs.pull_log("demo", "access", 0, "begin", "end"):
    print(part.get_flatten_logs_json())

tables = OTSClient(os.environ["TABLE_STORE_ENDPOINT"], *key, "sandbox")
row = Row([("ip", "10.0.0.1"), ("time", "12:00:00")], [("path", "/")])
tables.put_row("access_log", row)
print(tables.get_row("access_log", row.primary_key, max_version=1)[1])
