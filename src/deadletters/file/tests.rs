//! Letters in real files.

use tempfile::TempDir;

use super::*;
use crate::deadletters::letter::tests::letter;
use crate::deadletters::{Desk, Found, Key, Order, Reason};

struct Rig {
    folder: TempDir,
    path: PathBuf,
}

impl Rig {
    fn new() -> Self {
        let folder = TempDir::new().unwrap();
        let path = folder.path().join("dead.jsonl");
        Self { folder, path }
    }

    fn sink(&self) -> Arc<FileSink> {
        Arc::new(FileSink::new(self.path.clone()))
    }

    async fn desk(&self) -> Desk {
        self.desk_in(Order::OldestFirst).await
    }

    async fn desk_in(&self, order: Order) -> Desk {
        let key = letter(0, "a").key;
        let origin = Origin {
            project_logstore: key.project_logstore,
            consumer_group: key.consumer_group,
        };
        Desk::File(self.sink().open(origin, order).await.unwrap())
    }

    async fn read(&self) -> Vec<Found> {
        let mut desk = self.desk().await;
        let mut all = Vec::new();
        while let Some(found) = desk.next(2).await.unwrap() {
            all.extend(found);
        }
        all
    }

    fn lines(&self) -> Vec<String> {
        let text = std::fs::read_to_string(&self.path).unwrap();
        text.lines().map(str::to_owned).collect()
    }

    fn append(&self, text: &str) {
        let mut file = OpenOptions::new().append(true).open(&self.path).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}

fn found(letters: &[Letter]) -> Vec<Found> {
    let letters = letters.iter().cloned();
    letters
        .map(|letter| Found::Letter(Box::new(letter)))
        .collect()
}

async fn store(sink: &Arc<FileSink>, letters: &[Letter]) {
    let stored = Arc::clone(sink).store(letters.to_vec()).await;
    assert!(stored.failed.is_empty(), "{:?}", stored.error);
}

fn reason(code: &str) -> Reason {
    Reason {
        code: code.to_owned(),
        message: "It is wrong.".to_owned(),
        configuration: "fedcba9876543210".to_owned(),
        replayed_at_millis: Some(5),
    }
}

fn keys(letters: &[Letter]) -> Vec<Key> {
    letters.iter().map(|letter| letter.key.clone()).collect()
}

#[tokio::test]
async fn letters_come_back_in_order_and_each_has_one_line() {
    let rig = Rig::new();
    let letters = [letter(1, "a"), letter(2, "b"), letter(3, "c")];
    let sink = rig.sink();
    store(&sink, &[letters[2].clone(), letters[0].clone()]).await;
    // Read again after a crash: by the same process, and by another one.
    store(&sink, &letters).await;
    store(&rig.sink(), &letters).await;
    assert_eq!(rig.lines().len(), 3);
    assert_eq!(rig.read().await, found(&letters));
    let mut back = rig.desk_in(Order::NewestFirst).await;
    let back = back.next(9).await.unwrap().unwrap();
    assert!(back.into_iter().rev().eq(found(&letters)));
}

#[tokio::test]
async fn half_a_line_of_a_crash_spoils_no_other() {
    let rig = Rig::new();
    let letters = [letter(1, "a"), letter(2, "b")];
    store(&rig.sink(), &letters[..1]).await;
    rig.append(r#"{"project_logstore":"demo|acc"#);
    store(&rig.sink(), &letters[1..]).await;
    let all = rig.read().await;
    assert!(
        matches!(&all[0], Found::Unreadable { place, .. } if place == "line 2"),
        "{all:?}"
    );
    assert_eq!(all[1..], found(&letters));
}

/// Wherever the write was cut off: what is not whole is stored again, what is whole is not.
#[tokio::test]
async fn a_line_cut_anywhere_loses_and_doubles_no_letter() {
    let letters = [letter(1, "a"), letter(2, "b"), letter(3, "c")];
    let torn = serde_json::to_string(&letters[1]).unwrap();
    for cut in 0..=torn.len() {
        let rig = Rig::new();
        store(&rig.sink(), &letters[..1]).await;
        rig.append(std::str::from_utf8(&torn.as_bytes()[..cut]).unwrap());
        store(&rig.sink(), &letters).await;
        let mut all = rig.read().await;
        all.retain(|found| matches!(found, Found::Letter(_)));
        assert_eq!(all, found(&letters), "cut at {cut}");
        let half = usize::from(0 < cut && cut < torn.len());
        assert_eq!(rig.lines().len(), 3 + half, "cut at {cut}");
    }
}

#[tokio::test]
async fn changes_leave_alone_what_is_of_others() {
    let rig = Rig::new();
    let letters = [letter(1, "a"), letter(2, "b"), letter(3, "c")];
    let mut foreign = letter(1, "f");
    foreign.key.consumer_group = "others".to_owned();
    let sink = rig.sink();
    store(&sink, &[foreign.clone(), letters[0].clone()]).await;
    rig.append("no letter\n");
    store(&sink, &letters[1..]).await;
    let mut desk = rig.desk().await;
    let kept = vec![(letters[1].key.clone(), reason("KeyType"))];
    desk.change(keys(&letters[..1]), kept).await.unwrap();
    // A daemon goes on meanwhile, and knows nothing of it.
    let late = letter(4, "d");
    store(&sink, std::slice::from_ref(&late)).await;
    desk.close().await.unwrap();
    store(&sink, &[letter(5, "e")]).await;
    let mut amended = letters[1].clone();
    amended.reason = reason("KeyType");
    let lines = rig.lines();
    assert_eq!(lines.len(), 6);
    assert_eq!(lines[0], serde_json::to_string(&foreign).unwrap());
    assert_eq!(lines[1], "no letter");
    let left = found(&[amended, letters[2].clone(), late, letter(5, "e")]);
    assert_eq!(rig.read().await[1..], left);
    let names: Vec<_> = std::fs::read_dir(&rig.folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert_eq!(names, ["dead.jsonl"]);
}

/// Somebody had a hand in it: a line that only has the name of a letter does not pass for it.
#[tokio::test]
async fn a_letter_is_not_lost_for_another_line_of_its_name() {
    let rig = Rig::new();
    let one = letter(1, "a");
    let spoilt = serde_json::to_string(&one).unwrap();
    let spoilt = spoilt.replace("1700000000123", "\"yesterday\"");
    std::fs::write(&rig.path, format!("{spoilt}\n")).unwrap();
    let sink = rig.sink();
    store(&sink, std::slice::from_ref(&one)).await;
    rig.append(&format!("{spoilt}\n"));
    let mut desk = rig.desk().await;
    let kept = vec![(one.key.clone(), reason("KeyType"))];
    desk.change(Vec::new(), kept).await.unwrap();
    desk.close().await.unwrap();
    let all = rig.read().await;
    let is_told = |found: &Found| matches!(found, Found::Unreadable { .. });
    assert!(is_told(&all[0]) && is_told(&all[1]));
    let amended = Letter {
        reason: reason("KeyType"),
        ..one.clone()
    };
    assert_eq!(all[2..], found(&[amended]));
    let mut desk = rig.desk().await;
    desk.change(vec![one.key], Vec::new()).await.unwrap();
    desk.close().await.unwrap();
    assert_eq!(rig.lines(), [spoilt.clone(), spoilt]);
}

#[tokio::test]
async fn a_replay_leaves_the_rights_of_the_file_as_they_are() {
    use std::os::unix::fs::PermissionsExt as _;
    let rig = Rig::new();
    let letters = [letter(1, "a"), letter(2, "b")];
    store(&rig.sink(), &letters).await;
    let mode = |mode| std::fs::Permissions::from_mode(mode);
    std::fs::set_permissions(&rig.path, mode(0o640)).unwrap();
    // Left over by a replay that was killed.
    std::fs::write(rig.folder.path().join("dead.jsonl.replay"), "half").unwrap();
    let mut desk = rig.desk().await;
    desk.change(keys(&letters[..1]), Vec::new()).await.unwrap();
    desk.close().await.unwrap();
    let now = std::fs::metadata(&rig.path).unwrap().permissions();
    assert_eq!(now.mode() & 0o777, 0o640);
    assert_eq!(rig.read().await, found(&letters[1..]));
}

/// Containers that share a folder are all process 1.
#[tokio::test]
async fn several_may_look_at_once_whether_files_can_be_made() {
    let rig = Rig::new();
    let mut checks = tokio::task::JoinSet::new();
    for _ in 0..200 {
        checks.spawn(rig.sink().check_folder());
    }
    while let Some(checked) = checks.join_next().await {
        checked.unwrap().unwrap();
    }
    assert_eq!(std::fs::read_dir(&rig.folder).unwrap().count(), 0);
}

#[tokio::test]
async fn a_letter_that_was_replayed_can_die_again() {
    let rig = Rig::new();
    let one = [letter(1, "a")];
    let sink = rig.sink();
    store(&sink, &one).await;
    let mut desk = rig.desk().await;
    desk.change(keys(&one), Vec::new()).await.unwrap();
    desk.close().await.unwrap();
    assert!(rig.lines().is_empty());
    store(&sink, &one).await;
    assert_eq!(rig.read().await, found(&one));
}

#[tokio::test]
async fn a_file_that_was_moved_away_is_made_anew() {
    let rig = Rig::new();
    let sink = rig.sink();
    store(&sink, &[letter(1, "a")]).await;
    std::fs::rename(&rig.path, rig.folder.path().join("old")).unwrap();
    store(&sink, &[letter(1, "a"), letter(2, "b")]).await;
    assert_eq!(rig.lines().len(), 2);
}

#[tokio::test]
async fn what_is_in_the_way_is_named() {
    let rig = Rig::new();
    let missing = rig.folder.path().join("no/dead.jsonl");
    let refused = Arc::new(FileSink::new(missing)).check().await.unwrap_err();
    let text = refused.to_string();
    assert!(text.starts_with("cannot create files in "), "{text}");
    assert!(!refused.is_permission() && refused.needs_operator());
    std::fs::create_dir(&rig.path).unwrap();
    let refused = rig.sink().check().await.unwrap_err().to_string();
    assert!(refused.starts_with("cannot open "), "{refused}");
    std::fs::remove_dir(&rig.path).unwrap();
    rig.sink().check().await.unwrap();
    assert!(rig.lines().is_empty());
    let stored = Arc::new(FileSink::new(rig.folder.path().into()));
    let stored = stored.store(vec![letter(1, "a"), letter(2, "b")]).await;
    assert_eq!(stored.failed, [0, 1]);
}

/// Many appenders and a replay at once: every letter is either gone by it, or there.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_between_daemons_and_a_replay() {
    let rig = Rig::new();
    let first: Vec<_> = (0..100).map(|place| letter(place, "a")).collect();
    store(&rig.sink(), &first).await;
    let mut tasks = tokio::task::JoinSet::new();
    for daemon in 1..=3 {
        let sink = rig.sink();
        tasks.spawn(async move {
            for place in 0..100 {
                store(&sink, &[letter(daemon * 1000 + place, "a")]).await;
            }
        });
    }
    for ten in first.chunks(10) {
        let mut desk = rig.desk().await;
        desk.change(keys(ten), Vec::new()).await.unwrap();
        desk.close().await.unwrap();
    }
    while let Some(joined) = tasks.join_next().await {
        joined.unwrap();
    }
    let late: Vec<_> = (1..=3)
        .flat_map(|daemon| (0..100).map(move |place| letter(daemon * 1000 + place, "a")))
        .collect();
    assert_eq!(rig.read().await, found(&late));
}
