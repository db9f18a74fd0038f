//! What holds for all expressions and all texts.

use proptest::prelude::*;

use super::super::functions::Function;
use super::super::tree::{Call, Node};
use super::*;

/// The value of `text` in `base` by the rule of the language, worked out digit by digit.
fn naive_int(text: &str, base: u32) -> Option<i64> {
    let (sign, digits) = match text.strip_prefix(['+', '-']) {
        Some(digits) => (if text.starts_with('-') { -1 } else { 1 }, digits),
        None => (1, text),
    };
    if digits.is_empty() {
        return None;
    }
    let mut sum: i128 = 0;
    for char in digits.chars() {
        let digit = match char {
            '0'..='9' => u32::from(char) - u32::from('0'),
            'a'..='z' => u32::from(char) - u32::from('a') + 10,
            'A'..='Z' => u32::from(char) - u32::from('A') + 10,
            _ => return None,
        };
        if digit >= base || sum > i128::from(u64::MAX) {
            return None;
        }
        sum = sum * i128::from(base) + i128::from(digit);
    }
    i64::try_from(sign * sum).ok()
}

/// An integer in some base, as text.
fn in_base(value: i128, base: u32) -> String {
    let mut rest = value.unsigned_abs();
    let mut digits = Vec::new();
    while rest > 0 || digits.is_empty() {
        let digit = u32::try_from(rest % u128::from(base)).unwrap();
        digits.push(char::from_digit(digit, base).unwrap());
        rest /= u128::from(base);
    }
    let sign = if value < 0 { "-" } else { "" };
    digits
        .iter()
        .rev()
        .fold(sign.to_owned(), |text, digit| text + &digit.to_string())
}

/// Trees over a handful of field names and all strings.
fn expressions() -> impl Strategy<Value = Expression> {
    // Words whose first characters keep them from being integers.
    let names = proptest::collection::vec(r#"[^ \t()"0-9][^ \t()"]{0,6}"#, 1..4);
    let leaf = prop_oneof![
        (0..3usize).prop_map(Node::Field),
        (0..=i64::MAX).prop_map(Node::Integer),
        any::<String>().prop_map(|text| Node::Text(text.into())),
        r#"[\\" a]{0,8}"#.prop_map(|text| Node::Text(text.into())),
    ];
    let call = |function: Function, arguments| {
        Node::Call(Box::new(
            Call::new(function, arguments).expect("the right number"),
        ))
    };
    let tree = leaf.prop_recursive(8, 32, 2, move |inner| {
        let base = prop_oneof![
            (2..=36i64).prop_map(Node::Integer),
            inner
                .clone()
                .prop_filter("a literal base is checked", |base| {
                    !matches!(base, Node::Integer(_))
                }),
        ];
        prop_oneof![
            (base, inner.clone())
                .prop_map(move |(base, text)| call(Function::ToInt, vec![base, text])),
            inner
                .clone()
                .prop_map(move |text| call(Function::ToBool, vec![text])),
            inner.prop_map(move |text| call(Function::Crc32, vec![text])),
        ]
    });
    (names, tree).prop_map(|(names, root)| numbered(&names, root))
}

/// The tree with its fields numbered by first mention, as the parser does it.
fn numbered(names: &[String], mut root: Node) -> Expression {
    fn visit(node: &mut Node, names: &[String], fields: &mut Vec<Box<str>>) {
        match node {
            Node::Field(index) => {
                let name = names[*index % names.len()].as_str();
                let known = fields.iter().position(|field| **field == *name);
                *index = known.unwrap_or_else(|| {
                    fields.push(name.into());
                    fields.len() - 1
                });
            }
            Node::Integer(_) | Node::Text(_) => {}
            Node::Call(call) => match call.as_mut() {
                Call::ToInt { base, text } => {
                    visit(base, names, fields);
                    visit(text, names, fields);
                }
                Call::ToBool { text } | Call::Crc32 { text } => visit(text, names, fields),
            },
        }
    }
    let mut fields = Vec::new();
    visit(&mut root, names, &mut fields);
    Expression { fields, root }
}

proptest! {
    #[test]
    fn print_then_parse_is_the_same_tree(expression in expressions()) {
        let printed = expression.to_string();
        prop_assert_eq!(Expression::parse(&printed), Ok(expression), "{}", printed);
    }

    #[test]
    fn random_text_never_panics_and_prints_stably(
        text in prop_oneof![any::<String>(), r#"[()" \\\tax0->]{0,40}"#, r#"(\(|->|int|bool|crc32|[ \t)"\\]|10|x){0,12}"#],
    ) {
        match Expression::parse(&text) {
            Ok(expression) => {
                let printed = expression.to_string();
                let again = Expression::parse(&printed);
                prop_assert_eq!(again, Ok(expression), "{}", printed);
            }
            Err(error) => {
                prop_assert!(text.get(error.span.clone()).is_some(), "{:?}", error);
                prop_assert_eq!(error.snippet(&text).lines().count(), 2);
            }
        }
    }

    #[test]
    fn to_int_follows_its_rule_in_every_base(
        base in 2..=36u32,
        value in prop_oneof![
            any::<i64>().prop_map(i128::from),
            -70_000..70_000i128,
            (-2..=2i128).prop_map(|near| near + i128::from(i64::MAX)),
            (-2..=2i128).prop_map(|near| near + i128::from(i64::MIN)),
        ],
        junk in "[+-]?[0-9a-zA-Z_ é]{0,14}",
        upper in any::<bool>(),
        plus in any::<bool>(),
    ) {
        let mut exact = in_base(value, base);
        if upper {
            exact = exact.to_uppercase();
        }
        if plus && value >= 0 {
            exact.insert(0, '+');
        }
        let expression = Expression::parse(&format!("(->int {base} x)")).unwrap();
        for text in [&exact, &junk] {
            let fields = [("x", Value::Text(text))];
            let value = expression.eval(&Log(&expression, &fields));
            let expected = naive_int(text, base)
                .map(|value| Some(Value::Integer(value)))
                .ok_or_else(|| format!("{text} is not {base}-based int"));
            prop_assert_eq!(value.map_err(|error| error.to_string()), expected);
        }
        prop_assert_eq!(naive_int(&exact, base), i64::try_from(value).ok());
    }

    #[test]
    fn evaluation_never_panics(expression in expressions(), text in any::<String>()) {
        struct All<'a>(&'a str);
        impl<'a> Fields<'a> for All<'a> {
            fn get(&self, index: usize) -> Option<Value<'a>> {
                match index {
                    0 => Some(Value::Text(self.0)),
                    1 => Some(Value::Integer(7)),
                    _ => None,
                }
            }
        }
        let value = expression.eval(&All(&text));
        if expression.fields().len() > 2 {
            prop_assert_eq!(value, Ok(None));
        }
    }
}
