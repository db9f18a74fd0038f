package logservice

import (
	"slices"
	"strconv"
	"time"

	sls "github.com/aliyun/aliyun-log-go-sdk"

	"conformance/internal/check"
	"conformance/internal/logstore"
)

func projectLifecycle(t *check.T) {
	client, name := t.Logs(), t.Unique("-")
	before := time.Now().Unix()
	_, err := client.CreateProject(name, "first words")
	t.NoError("create", err)
	exists, err := client.CheckProjectExist(name)
	t.NoError("look for it", err)
	t.True(exists, "it is not there")

	_, err = client.UpdateProject(name, "other words")
	t.NoError("update", err)
	project, err := client.GetProject(name)
	t.NoError("get", err)
	t.Equal("name", project.Name, name)
	t.Equal("description", project.Description, "other words")
	t.Equal("status", project.Status, "Normal")
	created, err := strconv.ParseInt(project.CreateTime, 10, 64)
	t.NoError("read its createTime", err)
	t.True(created >= before && created <= time.Now().Unix(), "createTime %d", created)

	t.NoError("delete", client.DeleteProject(name))
	exists, err = client.CheckProjectExist(name)
	t.NoError("look for it again", err)
	t.True(!exists, "it outlived its deletion")
}

func projectLists(t *check.T) {
	client := t.Logs()
	mine := []string{t.Unique("-"), t.Unique("-"), t.Unique("-")}
	for _, name := range mine {
		_, err := client.CreateProject(name, "listed")
		t.NoError("create", err)
		t.Cleanup(func() { _ = client.DeleteProject(name) })
	}
	all, err := client.ListProject()
	t.NoError("list", err)
	for _, name := range mine {
		t.True(slices.Contains(all, name), "%s is not in the list %v", name, all)
	}
	pages := map[string]string{}
	for offset, total := 0, 1; offset < total; {
		page, count, now, err := client.ListProjectV2(offset, 2)
		t.NoError("list a page", err)
		t.Equal("count of a page", count, len(page))
		t.True(count >= 1 && count <= 2, "a page of %d", count)
		for _, project := range page {
			pages[project.Name] = project.Description
		}
		offset, total = offset+count, now
	}
	for _, name := range mine {
		t.Equal("description in the pages of "+name, pages[name], "listed")
	}
}

func projectRefusals(t *check.T) {
	client, name := t.Logs(), t.Unique("-")
	_, err := client.CreateProject(name, "")
	t.NoError("create", err)
	t.Cleanup(func() { _ = client.DeleteProject(name) })
	_, err = client.CreateProject(name, "")
	t.LogError(err, 400, "ProjectAlreadyExist", name)
	_, err = client.GetProject("go-no-such-project")
	t.LogError(err, 404, "ProjectNotExist", "go-no-such-project")
	t.LogError(client.DeleteProject("go-no-such-project"), 404, "ProjectNotExist", "go-no-such-project")
	_, err = client.ListShards("go-no-such-project", "events")
	t.LogError(err, 404, "ProjectNotExist", "go-no-such-project")
}

func logstoreLifecycle(t *check.T) {
	s := logstore.New(t, 1)
	err := s.Client.CreateLogStoreV2(s.Project, &sls.LogStore{
		Name: "other", TTL: 7, ShardCount: 3, AutoSplit: true, MaxSplitShard: 16, AppendMeta: true,
	})
	t.NoError("create", err)
	t.Equal("shards", len(must(s.Client.ListShards(s.Project, "other"))(t)), 3)

	t.NoError("update", s.Client.UpdateLogStore(s.Project, "other", 30, 3))
	other, err := s.Client.GetLogStore(s.Project, "other")
	t.NoError("get", err)
	t.Equal("name", other.Name, "other")
	t.Equal("ttl", other.TTL, 30)
	t.Equal("shards", other.ShardCount, 3)
	t.Equal("autoSplit", other.AutoSplit, true)
	t.Equal("maxSplitShard", other.MaxSplitShard, 16)
	t.Equal("appendMeta", other.AppendMeta, true)

	t.NoError("delete", s.Client.DeleteLogStore(s.Project, "other"))
	exists, err := s.Client.CheckLogstoreExist(s.Project, "other")
	t.NoError("look for it", err)
	t.True(!exists, "it outlived its deletion")
	exists, err = s.Client.CheckLogstoreExist(s.Project, s.Name)
	t.NoError("look for its neighbour", err)
	t.True(exists, "its neighbour went with it")
}

func logstoreLists(t *check.T) {
	s := logstore.New(t, 1)
	want := []string{s.Name}
	for _, name := range []string{"a-one", "b-two", "c-three"} {
		t.NoError("create", s.Client.CreateLogStore(s.Project, name, 1, 1, false, 0))
		want = append(want, name)
	}
	slices.Sort(want)
	t.Equal("all", must(s.Client.ListLogStore(s.Project))(t), want)
	t.Equal("the second page of two", must(s.Client.ListLogStoreV2(s.Project, 2, 2, ""))(t), want[2:])
}

func logstoreRefusals(t *check.T) {
	s := logstore.New(t, 1)
	err := s.Client.CreateLogStore(s.Project, s.Name, 1, 1, false, 0)
	t.LogError(err, 400, "LogStoreAlreadyExist", s.Name)
	err = s.Client.CreateLogStore(s.Project, "Not A Name", 1, 1, false, 0)
	t.LogError(err, 400, "LogStoreInfoInvalid", "")
	_, err = s.Client.GetLogStore(s.Project, "nowhere")
	t.LogError(err, 404, "LogStoreNotExist", "nowhere")
	t.LogError(s.Client.PutLogs(s.Project, "nowhere", logstore.Group("1")), 404, "LogStoreNotExist", "nowhere")
	_, err = s.Client.ListConsumerGroup(s.Project, "nowhere")
	t.LogError(err, 404, "LogStoreNotExist", "nowhere")
}
