//! Projects and logstores: create, read, list, change, delete.

use anyhow::Result;

use super::{Logstore, assert_refused, new_project};
use crate::harness::{checks, unique};

checks![
    project_created_and_read,
    project_created_twice_refused,
    project_updated,
    projects_listed,
    project_deleted,
    logstore_created_and_read,
    logstore_created_twice_refused,
    logstore_updated,
    logstores_listed,
    logstore_deleted,
    bad_logstore_refused,
    query_without_index_refused,
];

async fn project_created_and_read() -> Result<()> {
    let (client, project) = new_project().await?;
    let answer = client.get_project(&project).send().await?;
    assert!(answer.get_request_id().is_some());
    let read = answer.get_body();
    assert_eq!(*read.project_name(), project);
    assert_eq!(read.description(), "of a check");
    assert_eq!(read.status(), "Normal");
    Ok(())
}

async fn project_created_twice_refused() -> Result<()> {
    let (client, project) = new_project().await?;
    let again = client.create_project(&project).description("").send();
    assert_refused(again.await, 400, "ProjectAlreadyExist", &project);
    Ok(())
}

async fn project_updated() -> Result<()> {
    let (client, project) = new_project().await?;
    let request = client.update_project(&project);
    request.description("changed").send().await?;
    let answer = client.get_project(&project).send().await?;
    assert_eq!(answer.get_body().description(), "changed");
    Ok(())
}

async fn projects_listed() -> Result<()> {
    let (client, one) = new_project().await?;
    let (_, two) = new_project().await?;
    let everything = client.list_projects(0, 500).send().await?.take_body();
    let names: Vec<&String> = everything
        .projects()
        .iter()
        .map(|p| p.project_name())
        .collect();
    assert!(names.contains(&&one) && names.contains(&&two), "{names:?}");
    let request = client.list_projects(0, 10).project_name(&one);
    let named = request.send().await?.take_body();
    assert_eq!((*named.count(), *named.total()), (1, 1));
    assert_eq!(*named.projects()[0].project_name(), one);
    let page = client.list_projects(1, 1).send().await?.take_body();
    assert_eq!((*page.count(), page.projects().len()), (1, 1));
    assert_eq!(page.total(), everything.total());
    Ok(())
}

async fn project_deleted() -> Result<()> {
    let (client, project) = new_project().await?;
    client.delete_project(&project).send().await?;
    let message = format!("The Project does not exist : {project}");
    let gone = client.get_project(&project).send().await;
    assert_refused(gone, 404, "ProjectNotExist", &message);
    let gone = client.list_logstores(&project, 0, 10).send().await;
    assert_refused(gone, 404, "ProjectNotExist", &message);
    Ok(())
}

async fn logstore_created_and_read() -> Result<()> {
    let (client, project) = new_project().await?;
    let request = client.create_logstore(&project, "whole");
    let request = request.shard_count(3).ttl(7).enable_tracking(true);
    let request = request
        .auto_split(true)
        .max_split_shard(8)
        .append_meta(true);
    request.send().await?;
    let answer = client.get_logstore(&project, "whole").send().await?;
    let read = answer.get_body();
    assert_eq!(read.logstore_name(), "whole");
    assert_eq!((*read.ttl(), *read.shard_count()), (7, 3));
    assert!(*read.enable_tracking() && *read.auto_split() && *read.append_meta());
    assert_eq!(*read.max_split_shard(), Some(8));
    assert_eq!(read.mode(), "standard");
    assert!(*read.create_time() > 1_700_000_000);
    Ok(())
}

async fn logstore_created_twice_refused() -> Result<()> {
    let store = Logstore::new(1).await?;
    let request = store.client.create_logstore(&store.project, &store.name);
    let again = request.shard_count(1).ttl(1).send().await;
    assert_refused(again, 400, "LogStoreAlreadyExist", &store.name);
    Ok(())
}

async fn logstore_updated() -> Result<()> {
    let Logstore {
        client,
        project,
        name,
    } = Logstore::new(2).await?;
    let request = client.update_logstore(&project, &name);
    request.ttl(30).auto_split(true).send().await?;
    let answer = client.get_logstore(&project, &name).send().await?;
    let read = answer.get_body();
    assert_eq!((*read.ttl(), *read.shard_count()), (30, 2));
    assert!(*read.auto_split());
    Ok(())
}

async fn logstores_listed() -> Result<()> {
    let (client, project) = new_project().await?;
    for name in ["access-a", "access-b", "error-a"] {
        let request = client.create_logstore(&project, name);
        request.shard_count(1).ttl(1).send().await?;
    }
    let page = client.list_logstores(&project, 1, 1).send().await?;
    let page = page.get_body();
    assert_eq!((*page.count(), *page.total()), (1, 3));
    assert_eq!(*page.logstores(), ["access-b"]);
    let request = client
        .list_logstores(&project, 0, 10)
        .logstore_name("error");
    assert_eq!(*request.send().await?.get_body().logstores(), ["error-a"]);
    Ok(())
}

async fn logstore_deleted() -> Result<()> {
    let Logstore {
        client,
        project,
        name,
    } = Logstore::new(1).await?;
    client.delete_logstore(&project, &name).send().await?;
    let message = format!("logstore {name} does not exist");
    let gone = client.get_logstore(&project, &name).send().await;
    assert_refused(gone, 404, "LogStoreNotExist", &message);
    let gone = client.list_shards(&project, &name).send().await;
    assert_refused(gone, 404, "LogStoreNotExist", &message);
    Ok(())
}

async fn bad_logstore_refused() -> Result<()> {
    let (client, project) = new_project().await?;
    let create = |name: &str, ttl, shards| {
        let request = client.create_logstore(&project, name);
        request.ttl(ttl).shard_count(shards).send()
    };
    let code = "LogStoreInfoInvalid";
    assert_refused(create("UPPER", 1, 1).await, 400, code, "");
    assert_refused(create("no-ttl", 0, 1).await, 400, code, "ttl");
    assert_refused(create("no-shard", 1, 0).await, 400, code, "shardCount");
    Ok(())
}

async fn query_without_index_refused() -> Result<()> {
    let Logstore {
        client,
        project,
        name,
    } = Logstore::new(1).await?;
    let code = "IndexConfigNotExist";
    let query = client.get_logs(&project, &name).from(1).to(2).query("*");
    assert_refused(query.send().await, 400, code, "without index config");
    let index = client.get_index(&project, &name).send().await;
    assert_refused(index, 404, code, "index config doesn't exist");
    let missing = unique("rust-missing-");
    let query = client.get_logs(&project, &missing).from(1).to(2).query("*");
    assert_refused(query.send().await, 404, "LogStoreNotExist", &missing);
    Ok(())
}
