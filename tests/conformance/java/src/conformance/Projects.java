package conformance;

import static conformance.Store.CLIENT;

import com.aliyun.openservices.log.common.LogStore;
import com.aliyun.openservices.log.common.Project;
import com.aliyun.openservices.log.request.UpdateProjectRequest;
import com.aliyun.openservices.log.response.GetProjectResponse;
import com.aliyun.openservices.log.response.ListLogStoresResponse;
import com.aliyun.openservices.log.response.ListProjectResponse;

import java.util.ArrayList;
import java.util.List;

/** Projects and logstores are created, shown, listed, changed and deleted. */
final class Projects {
    private Projects() {}

    static void projectCreated() throws Exception {
        String project = Names.fresh("project");
        CLIENT.CreateProject(project, "räume");
        GetProjectResponse got = CLIENT.GetProject(project);
        Expect.equal("description", "räume", got.GetProjectDescription());
        Expect.equal("status", "Normal", got.GetProjectStatus());
        Expect.that(
                Long.parseLong(got.getCreateTime()) > Store.TIME, "a creation time is in seconds");
        Expect.logRefusal(
                400,
                "ProjectAlreadyExist",
                "The project already exist : " + project,
                () -> CLIENT.CreateProject(project, ""));
    }

    static void projectUpdatedAndDeleted() throws Exception {
        String project = Names.fresh("project");
        CLIENT.CreateProject(project, "before");
        CLIENT.updateProject(new UpdateProjectRequest(project, "after"));
        Expect.equal("description", "after", CLIENT.GetProject(project).GetProjectDescription());
        CLIENT.DeleteProject(project);
        Expect.logRefusal(
                404,
                "ProjectNotExist",
                "The Project does not exist : " + project,
                () -> CLIENT.GetProject(project));
    }

    static void projectsListed() throws Exception {
        String common = Names.fresh("listed");
        for (String end : List.of("a", "b", "c")) {
            CLIENT.CreateProject(common + end, "");
        }
        ListProjectResponse page = CLIENT.ListProject(common, 1, 5);
        Expect.equal("total", 3, page.getTotal());
        Expect.equal("count", 2, page.getCount());
        List<String> names = new ArrayList<>();
        for (Project project : page.getProjects()) {
            names.add(project.getProjectName());
        }
        Expect.equal("second page", List.of(common + "b", common + "c"), names);
    }

    static void logstoreCreated() throws Exception {
        String project = Names.fresh("project");
        CLIENT.CreateProject(project, "");
        LogStore wanted = new LogStore("access", 30, 3, true);
        wanted.setmAutoSplit(true);
        wanted.setmMaxSplitShard(16);
        wanted.setAppendMeta(true);
        CLIENT.CreateLogStore(project, wanted);
        LogStore got = CLIENT.GetLogStore(project, "access").GetLogStore();
        Expect.equal("name", "access", got.GetLogStoreName());
        Expect.equal("ttl", 30, got.GetTtl());
        Expect.equal("shards", 3, got.GetShardCount());
        Expect.equal("tracking", true, got.isEnableWebTracking());
        Expect.equal("auto split", true, got.ismAutoSplit());
        Expect.equal("most shards", 16, got.getmMaxSplitShard());
        Expect.equal("meta", true, got.isAppendMeta());
        Expect.equal("shards listed", 3, CLIENT.ListShard(project, "access").GetShards().size());
    }

    static void logstoreUpdatedAndDeleted() throws Exception {
        Store store = new Store(1);
        LogStore changed = CLIENT.GetLogStore(store.project, store.name).GetLogStore();
        changed.SetTtl(90);
        CLIENT.UpdateLogStore(store.project, changed);
        Expect.equal(
                "ttl", 90, CLIENT.GetLogStore(store.project, store.name).GetLogStore().GetTtl());
        CLIENT.DeleteLogStore(store.project, store.name);
        Expect.logRefusal(
                404,
                "LogStoreNotExist",
                "logstore " + store.name + " does not exist",
                () -> CLIENT.GetLogStore(store.project, store.name));
    }

    static void logstoresListed() throws Exception {
        String project = Names.fresh("project");
        CLIENT.CreateProject(project, "");
        for (String name : List.of("web-a", "web-b", "web-c", "db")) {
            CLIENT.CreateLogStore(project, new LogStore(name, 7, 1));
        }
        ListLogStoresResponse all = CLIENT.ListLogStores(project, 0, 100);
        Expect.equal("all", List.of("db", "web-a", "web-b", "web-c"), all.GetLogStores());
        ListLogStoresResponse page = CLIENT.ListLogStores(project, 1, 2, "web");
        Expect.equal("total", 3, page.GetTotal());
        Expect.equal("page", List.of("web-b", "web-c"), page.GetLogStores());
    }

    static void logstoreRefusals() throws Exception {
        Store store = new Store(1);
        Expect.logRefusal(
                400,
                "LogStoreAlreadyExist",
                "logstore " + store.name + " already exists",
                () -> CLIENT.CreateLogStore(store.project, new LogStore(store.name, 7, 1)));
        Expect.logRefusal(
                400,
                "LogStoreInfoInvalid",
                "ttl must be 1 to 3650 days",
                () -> CLIENT.CreateLogStore(store.project, new LogStore("short", 0, 1)));
        String nowhere = Names.fresh("nowhere");
        Expect.logRefusal(
                404,
                "ProjectNotExist",
                "The Project does not exist : " + nowhere,
                () -> CLIENT.ListLogStores(nowhere, 0, 10));
    }
}
