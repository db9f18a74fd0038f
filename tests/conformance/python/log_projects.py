"""Projects and logstores: created, shown, listed, changed, deleted."""

import environment
import scratch
from harness import check, equal, log_refuses


@check
def project_create_get_delete():
    """A project is created, shown with all its fields, and gone once deleted."""
    client, name = environment.log_client(), scratch.unique("check")
    client.create_project(name, "what it is for")
    shown = client.get_project(name).get_body()
    equal(shown["projectName"], name)
    equal(shown["description"], "what it is for")
    equal(shown["status"], "Normal")
    assert shown["createTime"] == shown["lastModifyTime"] and int(shown["createTime"]) > 1.7e9
    client.delete_project(name)
    missing = f"The Project does not exist : {name}"
    log_refuses(404, "ProjectNotExist", missing, client.get_project, name)
    log_refuses(404, "ProjectNotExist", missing, client.delete_project, name)


@check
def project_list_pages():
    """Projects are listed by pattern, page by page, with count and total."""
    client, common = environment.log_client(), scratch.unique("pages")
    names = [f"{common}-{index}" for index in range(5)]
    for name in names:
        client.create_project(name, "")
    first = client.list_project(0, 2, common).get_body()
    equal((first["count"], first["total"]), (2, 5))
    everything = client.list_project(0, 100, common)
    equal(sorted(project["projectName"] for project in everything.get_projects()), names)
    rest = client.list_project(4, 2, common).get_projects()
    equal([project["projectName"] for project in rest], names[4:])
    for name in names:
        client.delete_project(name)
    equal(client.list_project(0, 10, common).get_total(), 0)


@check
def project_update():
    """A project's description is changed."""
    client = environment.log_client()
    with scratch.project() as name:
        client.update_project(name, "another")
        equal(client.get_project(name).get_description(), "another")


@check
def project_already_exists():
    """A second project of the same name is refused."""
    client = environment.log_client()
    with scratch.project() as name:
        message = f"The project already exist : {name}"
        log_refuses(400, "ProjectAlreadyExist", message, client.create_project, name, "")


@check
def project_bad_name():
    """A project name that breaks the rule is refused."""
    client = environment.log_client()
    for name in ["Upper", "under_score", "-dash", "ab"]:
        log_refuses(400, "ParameterInvalid", None, client.create_project, name, "")


@check
def project_missing():
    """Calls about a project that is not there are refused with 404."""
    client, name = environment.log_client(), scratch.unique("none")
    message = f"The Project does not exist : {name}"
    for call in [
        lambda: client.list_logstore(name),
        lambda: client.create_logstore(name, "logs"),
        lambda: client.get_logstore(name, "logs"),
        lambda: client.list_shards(name, "logs"),
        lambda: client.get_begin_cursor(name, "logs", 0),
        lambda: client.list_consumer_group(name, "logs"),
        lambda: client.update_project(name, ""),
    ]:
        log_refuses(404, "ProjectNotExist", message, call)


@check
def logstore_create_get_delete():
    """A logstore is created, shown with its settings, and gone once deleted."""
    client = environment.log_client()
    with scratch.project() as project:
        client.create_logstore(project, "logs", ttl=7, shard_count=3, append_meta=True)
        shown = client.get_logstore(project, "logs")
        equal(shown.logstore_name, "logs")
        equal(shown.get_ttl(), 7)
        equal(shown.get_shard_count(), 3)
        equal(shown.append_meta, True)
        equal(shown.get_enable_tracking(), False)
        client.delete_logstore(project, "logs")
        message = "logstore logs does not exist"
        log_refuses(404, "LogStoreNotExist", message, client.get_logstore, project, "logs")
        log_refuses(404, "LogStoreNotExist", message, client.delete_logstore, project, "logs")


@check
def logstore_list_pages():
    """Logstores are listed by pattern, page by page, with count and total."""
    client = environment.log_client()
    with scratch.project() as project:
        for name in ["a-1", "a-2", "a-3", "b-1"]:
            client.create_logstore(project, name)
        page = client.list_logstore(project, "a-", 1, 1)
        equal((page.get_logstores(), page.get_count(), page.get_total()), (["a-2"], 1, 3))
        equal(client.list_logstore(project).get_logstores(), ["a-1", "a-2", "a-3", "b-1"])


@check
def logstore_update():
    """A logstore's settings are changed; what is not named stays."""
    client = environment.log_client()
    with scratch.project() as project:
        client.create_logstore(project, "logs", ttl=7, shard_count=2)
        client.update_logstore(project, "logs", ttl=9, enable_tracking=True, max_split_shard=8)
        shown = client.get_logstore(project, "logs")
        equal((shown.get_ttl(), shown.get_enable_tracking(), shown.max_split_shard), (9, True, 8))
        equal(shown.get_shard_count(), 2)


@check
def logstore_already_exists():
    """A second logstore of the same name is refused."""
    with scratch.logstore() as store:
        create = store.client.create_logstore
        log_refuses(400, "LogStoreAlreadyExist", None, create, *store.place)


@check
def logstore_bad_settings():
    """A logstore with a bad name, time to live or number of shards is refused."""
    client = environment.log_client()
    with scratch.project() as project:
        for name, ttl, shards in [
            ("Upper", 7, 1),
            ("logs-", 7, 1),
            ("logs", 0, 1),
            ("logs", 3651, 1),
            ("logs", 7, 0),
            ("logs", 7, 257),
        ]:
            create = client.create_logstore
            log_refuses(400, "LogStoreInfoInvalid", None, create, project, name, ttl, shards)
        equal(client.list_logstore(project).get_logstores(), [])


@check
def logstore_missing():
    """Calls about a logstore that is not there are refused with 404."""
    client = environment.log_client()
    with scratch.project() as project:
        place = (project, "none")
        for call in [
            lambda: client.get_logstore(*place),
            lambda: client.update_logstore(*place, ttl=3),
            lambda: client.list_shards(*place),
            lambda: client.split_shard(*place, 0, "8" + "0" * 31),
            lambda: client.get_begin_cursor(*place, 0),
            lambda: client.get_cursor_time(*place, 0, "MTI="),
            lambda: client.pull_logs(*place, 0, "MTI="),
            lambda: scratch.Logstore(client, *place).put({"a": "b"}),
            lambda: client.create_consumer_group(*place, "group", 10),
            lambda: client.list_consumer_group(*place),
            lambda: client.heart_beat(*place, "group", "consumer", []),
            lambda: client.get_check_point(*place, "group", 0),
            lambda: client.update_check_point(*place, "group", 0, "MTI="),
        ]:
            log_refuses(404, "LogStoreNotExist", "logstore none does not exist", call)
