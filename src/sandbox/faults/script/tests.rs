//! Scripts that are read, printed and refused.

use std::time::Duration;

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::super::fault::{Action, Corruption, RowMatch, Target};
use super::*;
use crate::sandbox::{Service, operations};

/// The script, as it is printed.
fn printed(script: &str) -> Vec<String> {
    let faults = parse(script).unwrap();
    faults.iter().map(ToString::to_string).collect()
}

#[test]
fn the_line_of_the_manual_is_read() {
    let line = "after 100 BatchWriteRow: partition-key prefix \"a\" busy for 30 s";
    let fault = parse(line).unwrap().remove(0);
    assert_eq!((fault.after, fault.every, fault.times), (100, 1, None));
    assert_eq!(fault.lasting, Some(Duration::from_secs(30)));
    let rows = RowMatch::Prefix("a".to_owned());
    let busy = Action::row_errors("OTSServerBusy", "Server is busy.", rows);
    assert_eq!(fault.action, busy);
}

#[test]
fn short_forms_mean_what_their_long_forms_say() {
    for (short, long) in [
        (
            "PullLogs: busy",
            "PullLogs: refuse 503 ServerBusy \"server is busy\"",
        ),
        (
            "PutRow:busy",
            "PutRow: refuse 503 OTSServerBusy \"Server is busy.\"",
        ),
        (
            "TableStore: busy",
            "TableStore: refuse 503 OTSServerBusy \"Server is busy.\"",
        ),
        ("next 1 PullLogs: cut body # once", "PullLogs: cut body"),
        (
            "every 3 HeartBeat: delay 2min",
            "every 3 HeartBeat: delay 2 min",
        ),
        (
            "always every 3 HeartBeat: cut after",
            "every 3 HeartBeat: cut after",
        ),
        (
            "  always LogService at \"/logstores/a/\" : delay 1000 ms and cut before",
            "always LogService at \"/logstores/a/\": delay 1 s and cut before",
        ),
        (
            "next 2 BatchWriteRow: rows partition-key \"a\\\"\\\\\" OTSInternalServerError",
            "next 2 BatchWriteRow: partition-key \"a\\\"\\\\\" OTSInternalServerError \"scripted fault\"",
        ),
        (
            "BatchWriteRow: rows 3,7 busy for 1500ms",
            "BatchWriteRow: rows 3, 7 OTSServerBusy \"Server is busy.\" for 1500 ms",
        ),
        (
            "PullLogs: corrupt header X-Log-Count missing",
            "PullLogs: corrupt header x-log-count missing",
        ),
    ] {
        assert_eq!(printed(short), [long]);
    }
}

#[test]
fn lines_may_be_empty_or_comments() {
    assert_eq!(
        printed("\n  # nothing\n\nPutRow: cut before\r\n"),
        ["PutRow: cut before"]
    );
}

#[test]
fn a_bad_beginning_is_named_with_its_place_and_what_would_be_right() {
    refused(&[
        (
            "BatchWriteRows: busy",
            "1: there is no operation \"BatchWriteRows\"; did you mean BatchWriteRow?",
        ),
        (
            "pulllogs: busy",
            "1: there is no operation \"pulllogs\"; did you mean PullLogs?",
        ),
        (
            "Sing: busy",
            "1: there is no operation \"Sing\"; all of a service are LogService and TableStore",
        ),
        (
            "aftr 3 PutRow: busy",
            "1: there is no operation \"aftr\"; did you mean after?",
        ),
        (
            "next PutRow: busy",
            "6: expected a number of calls, found `PutRow`",
        ),
        ("next 1 next 2 PutRow: busy", "8: this is there twice"),
        (
            "every 0 PutRow: busy",
            "9: `every` and `next` take a number from 1",
        ),
        (
            "always next 2 PutRow: busy",
            "15: `next` and `always` contradict each other",
        ),
        (
            "always PutRow: busy for 1 s",
            "1: `always` and `for` contradict each other",
        ),
        (
            "PutRow busy",
            "8: expected `:` and then what goes wrong, found `busy`",
        ),
        (
            "PutRow:",
            "8: expected what goes wrong: busy, refuse, delay, cut, corrupt, rows or partition-key, \
             found the end of the line",
        ),
        (
            "PutRow: rows busy",
            "9: only BatchWriteRow refuses row by row; use refuse or busy",
        ),
    ]);
}

#[test]
fn a_bad_effect_is_named_with_its_place_and_what_would_be_right() {
    refused(&[
        (
            "BatchWriteRow: partition-key prefix a busy",
            "37: expected a text in double quotes, found `a`",
        ),
        (
            "PutRow: refuse OTSServerBusy",
            "16: expected an HTTP status from 400 to 599, found `OTSServerBusy`",
        ),
        (
            "PutRow: refuse 200 OK",
            "16: expected an HTTP status from 400 to 599, found `200`",
        ),
        (
            "PutRow: refuse 503 \"x\"",
            "20: expected an error code such as OTSServerBusy, found the text \"x\"",
        ),
        (
            "PutRow: cut",
            "12: expected where: before, after or body, found the end of the line",
        ),
        (
            "PutRow: delay 3",
            "15: expected a time such as 200 ms, 30 s, 2 min or 1 h, found `3`",
        ),
        (
            "PutRow: delay 3 weeks",
            "15: expected a time such as 200 ms, 30 s, 2 min or 1 h, found `3`",
        ),
        (
            "PutRow: busy busy",
            "14: expected `and`, `for` or the end of the line, found `busy`",
        ),
        (
            "PutRow: corrupt",
            "16: expected the damage: garbage, truncate, body or header, found the end of the line",
        ),
        (
            "PutRow: corrupt header x \"\u{1}\"",
            "26: a header has no such value",
        ),
        (
            "PutRow at \"x: busy",
            "11: the text that begins here has no closing quote",
        ),
        (
            "PutRow at \"\\n\": busy",
            "12: a text knows the escapes \\\" and \\\\ only",
        ),
        (
            "PutRow; busy",
            "7: ';' has no meaning here; texts stand in double quotes",
        ),
    ]);
}

/// Each line is refused with its message.
fn refused(lines: &[(&str, &str)]) {
    for (line, message) in lines {
        let fault = parse(line).unwrap_err();
        assert_eq!(
            fault.to_string(),
            format!("line 1, column {message}"),
            "{line}"
        );
    }
}

#[test]
fn all_bad_lines_are_named_at_once() {
    let fault = parse("PutRow: busy\nx\n\nPutRow\n").unwrap_err();
    let lines: Vec<_> = fault.lines.iter().map(|line| line.line).collect();
    assert_eq!(lines, [2, 4]);
}

fn text() -> impl Strategy<Value = String> {
    "[ -~äß\u{1F600}]{0,8}"
}

fn time() -> impl Strategy<Value = Duration> {
    prop_oneof![
        (0_u64..100_000).prop_map(Duration::from_millis),
        (0_u64..100_000).prop_map(Duration::from_secs),
    ]
}

fn code() -> impl Strategy<Value = String> {
    "[A-Z][A-Za-z0-9]{0,9}".prop_filter("a word of the language", |code| code != "busy")
}

fn damage() -> impl Strategy<Value = Corruption> {
    let value = text().prop_filter_map("a value", |text| HeaderValue::from_str(&text).ok());
    let value = value.prop_filter("of ASCII", |value| value.to_str().is_ok());
    let name = "[a-z][a-z-]{0,9}".prop_map(|name| HeaderName::try_from(name).unwrap());
    prop_oneof![
        Just(Corruption::Garbage),
        any::<usize>().prop_map(Corruption::Truncate),
        text().prop_map(|text| Corruption::Body(text.into())),
        (name, proptest::option::of(value))
            .prop_map(|(name, value)| Corruption::Header(name, value)),
    ]
}

fn rows() -> impl Strategy<Value = RowMatch> {
    prop_oneof![
        Just(RowMatch::All),
        text().prop_map(RowMatch::Key),
        text().prop_map(RowMatch::Prefix),
        proptest::collection::vec(0_usize..200, 1..4).prop_map(RowMatch::Places),
    ]
}

fn effect(is_rowwise: bool) -> impl Strategy<Value = Action> {
    let refusal = (400_u16..600, code(), text());
    let refusal = refusal.prop_map(|(status, code, text)| Action::refuse(status, &code, &text));
    let any = prop_oneof![
        refusal,
        time().prop_map(Action::Delay),
        Just(Action::CutBefore),
        Just(Action::CutAfter),
        Just(Action::CutBody),
        damage().prop_map(Action::Corrupt),
    ];
    let of_rows = (code(), text(), rows());
    let of_rows = of_rows.prop_map(|(code, text, rows)| Action::row_errors(&code, &text, rows));
    let weight = u32::from(is_rowwise);
    prop_oneof![2 => any, weight => of_rows]
}

fn target() -> impl Strategy<Value = Target> {
    let names: Vec<_> = operations::all().map(|(_, name)| name).collect();
    prop_oneof![
        proptest::sample::select(names).prop_map(|name| Target::Operation(name.to_owned())),
        Just(Target::Operation("BatchWriteRow".to_owned())),
        Just(Target::Service(Service::LogService)),
        Just(Target::Service(Service::TableStore)),
    ]
}

prop_compose! {
    fn fault()(target in target())(
        actions in proptest::collection::vec(
            effect(target == Target::Operation("BatchWriteRow".to_owned())), 1..4),
        target in Just(target),
        at in proptest::option::of(text()),
        after in 0_u64..1000,
        every in 1_u64..5,
        times in proptest::option::of(1_u64..5),
        lasting in proptest::option::of(time()),
    ) -> Fault {
        let mut actions = actions;
        let action = if actions.len() == 1 { actions.remove(0) } else { Action::All(actions) };
        let mut fault = Fault::new(target, action).after(after).every(every);
        fault.at = at;
        fault.lasting = lasting;
        fault.times = times;
        fault
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, ..ProptestConfig::default() })]

    #[test]
    fn what_is_printed_is_read_again(faults in proptest::collection::vec(fault(), 0..4)) {
        let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
        let read = parse(&lines.join("\n")).unwrap();
        prop_assert_eq!(read.len(), faults.len());
        for (read, fault) in read.iter().zip(&faults) {
            prop_assert_eq!(&read.target, &fault.target);
            prop_assert_eq!(&read.action, &fault.action);
            prop_assert_eq!(&read.at, &fault.at);
            prop_assert_eq!((read.after, read.every), (fault.after, fault.every));
            prop_assert_eq!((read.times, read.lasting), (fault.times, fault.lasting));
        }
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[ -~\n]{0,60}") {
        let _read_or_refused = parse(&text).map(drop);
    }

    #[test]
    fn words_in_any_order_are_read_or_refused(
        words in proptest::collection::vec(
            proptest::sample::select(vec![
                "after", "every", "next", "always", "3", "0", "BatchWriteRow", "at", "\"a\"", ":", "rows",
                "partition-key", "prefix", "busy", "OTSX", "and", "for", "30", "s", "cut", "body", ",",
            ]),
            0..12,
        ),
    ) {
        if let Ok(faults) = parse(&words.join(" ")) {
            let lines: Vec<_> = faults.iter().map(ToString::to_string).collect();
            prop_assert_eq!(printed(&lines.join("\n")), lines);
        }
    }
}
