//! What the language promises, sentence by sentence.

use std::time::{Duration, Instant};

use super::*;

mod properties;

/// A log: names with values.
struct Log<'a>(&'a Expression, &'a [(&'a str, Value<'a>)]);

impl<'a> Fields<'a> for Log<'a> {
    fn get(&self, index: usize) -> Option<Value<'a>> {
        let name = self.0.fields().nth(index)?;
        let found = self.1.iter().find(|(key, _)| *key == name)?;
        Some(found.1)
    }
}

/// Fields of every type; `miss` is missing.
const LOG: [(&str, Value<'static>); 6] = [
    ("original", Value::Text("12345")),
    ("word", Value::Text("abcd")),
    ("empty", Value::Text("")),
    ("yes", Value::Text("yes")),
    ("__time__", Value::Integer(1_469_102_565)),
    ("user-agent", Value::Text("curl/8.0")),
];

/// Evaluates against [`LOG`] and shows what came of it.
fn eval(text: &str) -> String {
    let expression = Expression::parse(text).unwrap();
    match expression.eval(&Log(&expression, &LOG)) {
        Ok(Some(value)) => format!("{value:?}"),
        Ok(None) => "missing".to_owned(),
        Err(error) => error.to_string(),
    }
}

fn fault(text: &str) -> String {
    Expression::parse(text).unwrap_err().render(text)
}

#[test]
fn values() {
    let cases = [
        ("original", r#"Text("12345")"#),
        ("user-agent", r#"Text("curl/8.0")"#),
        ("__time__", "Integer(1469102565)"),
        ("007", "Integer(7)"),
        ("9223372036854775807", "Integer(9223372036854775807)"),
        (r#""""#, r#"Text("")"#),
        (r#""say \"no\" \\""#, r#"Text("say \"no\" \\")"#),
        (r#""\\\\ a""#, r#"Text("\\\\ a")"#),
        ("(->int 10 original)", "Integer(12345)"),
        (" \t( ->int\t 16  word )  ", "Integer(43981)"),
        ("(-> int 10 original)", "Integer(12345)"),
        ("(->\tint 10 original)", "Integer(12345)"),
        (r#"(->int 36 "zZ")"#, "Integer(1295)"),
        (r#"(->int 10 "+5")"#, "Integer(5)"),
        (
            r#"(->int 10 "-9223372036854775808")"#,
            "Integer(-9223372036854775808)",
        ),
        (r#"(->bool "true")"#, "Boolean(true)"),
        (r#"(-> bool "false")"#, "Boolean(false)"),
        (r#"(crc32 "123456789")"#, "Integer(3421780262)"),
        ("(crc32 empty)", "Integer(0)"),
        (r#"(->int (->int 10 "16") "ff")"#, "Integer(255)"),
    ];
    for (text, value) in cases {
        assert_eq!(eval(text), value, "{text}");
    }
}

#[test]
fn evaluation_errors_name_value_and_reason() {
    let cases = [
        ("(->int 10 word)", "abcd is not 10-based int"),
        ("(->int 10 empty)", " is not 10-based int"),
        (
            r#"(->int 10 "9223372036854775808")"#,
            "9223372036854775808 is not 10-based int",
        ),
        (r#"(->int 10 " 5")"#, " 5 is not 10-based int"),
        (r#"(->int 2 "12")"#, "12 is not 2-based int"),
        (r#"(->int 10 "-")"#, "- is not 10-based int"),
        ("(->bool yes)", "yes is not a bool: use true or false"),
        (
            r#"(->bool "True")"#,
            "True is not a bool: use true or false",
        ),
        (
            "(crc32 __time__)",
            "crc32 takes string as TEXT, found integer 1469102565",
        ),
        ("(->bool 1)", "->bool takes string as TEXT, found integer 1"),
        (
            r#"(crc32 (->bool "true"))"#,
            "crc32 takes string as TEXT, found boolean true",
        ),
        (
            "(->int word original)",
            "->int takes integer as BASE, found string abcd",
        ),
        (
            "(->int 10 __time__)",
            "->int takes string as TEXT, found integer 1469102565",
        ),
        (
            "(->int (crc32 word) original)",
            "3984772369 is not a base of ->int: use 2 to 36",
        ),
    ];
    for (text, message) in cases {
        assert_eq!(eval(text), message, "{text}");
    }
}

#[test]
fn a_missing_field_wins_over_every_error() {
    for text in [
        "miss",
        "(crc32 miss)",
        "(->int 10 miss)",
        "(->int miss original)",
        "(->int (->int 10 word) miss)",
        "(->int miss (->int 10 word))",
        "(->int word miss)",
    ] {
        assert_eq!(eval(text), "missing", "{text}");
    }
}

#[test]
fn a_long_value_is_cut_in_an_error() {
    let long = "é".repeat(1 << 20);
    let expression = Expression::parse("(->bool x)").unwrap();
    let fields = [("x", Value::Text(&long))];
    let error = expression.eval(&Log(&expression, &fields)).unwrap_err();
    assert!(
        error.to_string().len() < 1100,
        "{}",
        error.to_string().len()
    );
    assert!(error.value().ends_with("é…"));
}

#[test]
fn parse_errors_show_the_place_and_what_would_be_right() {
    let cases = [
        (
            "",
            "the expression is empty: write a field, an integer, a \"string\" or a (function call)\n\n^",
        ),
        (
            "a b c",
            "the expression goes on after its end: write one field, integer, \"string\" or (function call)\na b c\n  ^^^",
        ),
        (
            "(->int 10 x",
            "the call does not end: close it with `)`\n(->int 10 x\n^",
        ),
        (
            ")",
            "`)` without `(`: take it out, or open a call before it\n)\n^",
        ),
        (
            "( )",
            "the call is empty: begin it with `->int`, `->bool` or `crc32`\n( )\n^^^",
        ),
        (
            "(10 x)",
            "this is not a function: begin the call with `->int`, `->bool` or `crc32`\n(10 x)\n ^^",
        ),
    ];
    for (text, rendered) in cases {
        assert_eq!(fault(text), rendered, "{text}");
    }
}

#[test]
fn calls_are_checked_before_any_log_is_seen() {
    let cases = [
        (
            "(crc3 x)",
            "unknown function `crc3`: did you mean `crc32`?\n(crc3 x)\n ^^^^",
        ),
        (
            "(->INT 10 x)",
            "unknown function `->INT`: did you mean `->int`?\n(->INT 10 x)\n ^^^^^",
        ),
        (
            "(->  boolean x)",
            "unknown function `->boolean`: did you mean `->bool`?\n(->  boolean x)\n ^^^^^^^^^^^",
        ),
        (
            "(int 10 x)",
            "unknown function `int`: did you mean `->int`?\n(int 10 x)\n ^^^",
        ),
        (
            "(upper x)",
            "unknown function `upper`: there are `->int`, `->bool` or `crc32`\n(upper x)\n ^^^^^",
        ),
        (
            "(-> (x) 10)",
            "`->` lacks the type to convert to: write `->int` or `->bool`\n(-> (x) 10)\n ^^",
        ),
        (
            "(crc32 (->int 10))",
            "`->int` takes 2 arguments, found 1: write `(->int BASE TEXT)`\n(crc32 (->int 10))\n       ^^^^^^^^^^",
        ),
        (
            "(crc32)",
            "`crc32` takes 1 argument, found 0: write `(crc32 TEXT)`\n(crc32)\n^^^^^^^",
        ),
        (
            "(->bool x y)",
            "`->bool` takes 1 argument, found 2: write `(->bool TEXT)`\n(->bool x y)\n^^^^^^^^^^^^",
        ),
        (
            "(->int 37 x)",
            "there is no base 37: use 2 to 36\n(->int 37 x)\n       ^^",
        ),
        (
            "(->int 1 x)",
            "there is no base 1: use 2 to 36\n(->int 1 x)\n       ^",
        ),
        (
            "9223372036854775808",
            "the integer is too large: at most 9223372036854775807\n9223372036854775808\n^^^^^^^^^^^^^^^^^^^",
        ),
        (
            r#"(crc32 "ab)"#,
            "the string does not end: close it with `\"`\n(crc32 \"ab)\n       ^^^^",
        ),
        (
            r#""ab\"#,
            "the string does not end: close it with `\"`\n\"ab\\\n^^^^",
        ),
        (
            r#""a\n""#,
            "unknown escape `\\n`: strings know `\\\"` and `\\\\` only\n\"a\\n\"\n  ^^",
        ),
        (
            "(crc32(crc32 x))",
            "white space is missing: put a space before this\n(crc32(crc32 x))\n      ^",
        ),
        (
            r#"(->int 10"x")"#,
            "white space is missing: put a space before this\n(->int 10\"x\")\n         ^^^",
        ),
        (
            "(->int (crc32 y)x)",
            "white space is missing: put a space before this\n(->int (crc32 y)x)\n                ^",
        ),
    ];
    for (text, rendered) in cases {
        assert_eq!(fault(text), rendered, "{text}");
    }
}

#[test]
fn carets_stand_under_wide_characters_and_controls() {
    assert_eq!(
        Expression::parse("(crc32 日志\t\"é\r\\x\")")
            .unwrap_err()
            .snippet("(crc32 日志\t\"é\r\\x\")"),
        "(crc32 日志 \"é\u{fffd}\\x\")\n               ^^"
    );
}

#[test]
fn a_long_text_is_cut_around_the_fault() {
    let text = format!("(->int 99 \"{}\")", "a".repeat(5000));
    assert_eq!(
        fault(&text),
        format!(
            "there is no base 99: use 2 to 36\n(->int 99 \"{}…\n       ^^",
            "a".repeat(46)
        )
    );
    let text = format!("(->int \"{}\" 9 9)", "a".repeat(5000));
    let shown = fault(&text);
    assert!(
        shown.lines().all(|line| line.chars().count() < 130),
        "{shown}"
    );
}

#[test]
fn a_line_break_is_no_white_space() {
    let expression = Expression::parse("(crc32 a\nb)").unwrap();
    assert_eq!(expression.fields().collect::<Vec<_>>(), ["a\nb"]);
}

#[test]
fn fields_come_once_in_order_of_mention() {
    let expression = Expression::parse("(->int (->int 10 b) (crc32 a))").unwrap();
    assert_eq!(expression.fields().collect::<Vec<_>>(), ["b", "a"]);
    let expression = Expression::parse("(->int (crc32 b) b)").unwrap();
    assert_eq!(expression.fields().collect::<Vec<_>>(), ["b"]);
}

#[test]
fn depth_is_bounded() {
    let nested = |depth: usize| "(crc32 ".repeat(depth) + "x" + &")".repeat(depth);
    let deepest = Expression::parse(&nested(MAX_DEPTH)).unwrap();
    assert_eq!(deepest.to_string(), nested(MAX_DEPTH));
    let started = Instant::now();
    for text in [
        nested(MAX_DEPTH + 1),
        nested(10_000),
        nested(1_000_000),
        "(crc32 ".repeat(10_000),
    ] {
        let error = Expression::parse(&text).unwrap_err();
        assert_eq!(
            error.to_string(),
            "calls are nested more than 64 deep: nest fewer"
        );
        assert_eq!(error.span, 7 * MAX_DEPTH..7 * MAX_DEPTH + 1);
        assert!(error.render(&text).len() < 1000);
    }
    assert!(Expression::parse(&"(".repeat(1_000_000)).is_err());
    assert!(started.elapsed() < Duration::from_secs(1));
}

#[test]
fn spaced_editions_print_as_the_plain_ones() {
    for (text, printed) in [
        ("(-> int 10 x)", "(->int 10 x)"),
        ("(\t->  bool x )", "(->bool x)"),
        (r#"( crc32   "a\\\"b" )"#, r#"(crc32 "a\\\"b")"#),
        ("0012", "12"),
    ] {
        assert_eq!(Expression::parse(text).unwrap().to_string(), printed);
    }
}
