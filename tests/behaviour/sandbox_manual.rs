//! `docs/sandbox.md` tells the truth: its seed is planted, its script loaded, its questions asked.

use serde_json::{Value, json};

use crate::tool::{Tool, run};

/// The manual.
const PAGE: &str = include_str!("../../docs/sandbox.md");

/// The blocks of the manual in a language, in their order.
fn blocks(language: &str) -> Vec<&'static str> {
    let opening = format!("\n```{language}\n");
    let after = PAGE.split(&opening).skip(1);
    after
        .map(|rest| rest.split_once("\n```").expect("the block ends").0)
        .collect()
}

/// The words of a line of the manual as a shell has them; `$ADMIN` is left out.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quote = None;
    for c in line.chars() {
        match (c, quote) {
            ('"' | '\'', None) => quote = Some(c),
            (c, Some(open)) if c == open => quote = None,
            (' ', None) => words.push(String::new()),
            _ => words.last_mut().expect("there is one").push(c),
        }
    }
    words
        .iter()
        .map(|word| word.replace("$ADMIN", ""))
        .collect()
}

/// What `curl ARGUMENT...` sends: method, path, body.
fn curl(arguments: &[String], seed: &str) -> (String, String, String) {
    let (mut method, mut body) = ("GET", String::new());
    let mut rest = arguments;
    loop {
        rest = match rest {
            [flag, value, rest @ ..] if flag == "-X" => {
                method = value;
                rest
            }
            [flag, value, rest @ ..] if flag == "--data-binary" => {
                method = "POST";
                body = value.replace("@seed.json", seed);
                rest
            }
            [path] => return (method.to_owned(), path.clone(), body),
            other => panic!("not an example of this page: {other:?}"),
        };
    }
}

#[tokio::test]
async fn the_examples_of_the_manual_do_what_it_says() {
    let tool = Tool::start(&[], &[]).await;
    let put = "{\"id\":\"a\"}\n{\"id\":\"b\",\"__topic__\":\"t\"}\n";
    let variables = [
        ("access_key_id", "sandbox-id"),
        ("access_key_secret", "sandbox-secret"),
    ];
    let (code, _, stderr) = run(tool.command(&["put"], &variables), put).await;
    assert_eq!(code, Some(0), "{stderr}");

    let ready: Value = serde_json::from_str(blocks("json")[0]).unwrap();
    let members = |value: &Value| {
        value
            .as_object()
            .unwrap()
            .keys()
            .cloned()
            .collect::<Vec<_>>()
    };
    assert_eq!(members(&ready), members(&tool.ready));

    let lines = blocks("sh").into_iter().flat_map(str::lines);
    let lines: Vec<_> = lines.filter(|line| line.starts_with("curl ")).collect();
    let mut asked = Vec::new();
    for line in lines {
        let (method, path, body) = curl(&words(line)[1..], blocks("json")[1]);
        let (status, answer) = tool.call(&method, &path, &body).await;
        assert_eq!(status, 200, "{line}: {answer}");
        asked.push((method, path));
    }
    assert!(asked.len() > 15, "{asked:?}");
    tool.stop().await;
}

#[tokio::test]
async fn the_manual_lists_every_question_and_its_fault_script_is_one() {
    let tool = Tool::start(&["--empty"], &[]).await;
    for question in tool.get("/").await.as_array().unwrap() {
        let text = |name: &str| question[name].as_str().unwrap().to_owned();
        let path = text("path")
            .replace("/__admin", "")
            .replace("shards/0", "shards/N");
        let listed = format!("`{} {path}`", text("method"));
        assert!(PAGE.contains(&listed), "{listed}");
    }
    let script = blocks("text")[0];
    let lines = script.lines().count();
    assert_eq!(
        tool.post("/faults", script).await,
        json!({ "added": lines })
    );
    tool.stop().await;
}
