//! The transform language.
//!
//! Input: an expression, and values of its fields, each behind a zero byte.

use loghub_shipper::transform::{Expression, Fields, Value};

/// What parses prints as something that parses to the same; no value makes evaluation panic; an
/// error points into the text.
pub fn run(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0).map(String::from_utf8_lossy);
    let text = parts.next().unwrap_or_default();
    let expression = match Expression::parse(&text) {
        Ok(expression) => expression,
        Err(error) => {
            let shown = error.render(&text);
            assert!(!shown.is_empty() && !error.to_string().is_empty());
            return;
        }
    };
    let printed = expression.to_string();
    let again = Expression::parse(&printed).expect("what prints can be parsed");
    assert_eq!(again, expression);
    assert_eq!(again.to_string(), printed);
    assert!(again.fields().eq(expression.fields()));

    let values: Vec<_> = parts.collect();
    let log = Log(values.iter().map(|text| value(text)).collect());
    let outcome = expression.eval(&log);
    assert_eq!(again.eval(&log), outcome);
    let has_all = (0..expression.fields().len()).all(|index| log.get(index).is_some());
    match outcome {
        Ok(found) => assert_eq!(
            found.is_some(),
            has_all,
            "missing if and only if a field is"
        ),
        Err(error) => assert!(has_all && !error.to_string().is_empty()),
    }
}

/// An empty text is a missing field.
fn value(text: &str) -> Option<Value<'_>> {
    match text {
        "" => None,
        "true" => Some(Value::Boolean(true)),
        "#" => Some(Value::Integer(i64::MIN)),
        "##" => Some(Value::Integer(16)),
        text => Some(Value::Text(text)),
    }
}

struct Log<'a>(Vec<Option<Value<'a>>>);

impl<'a> Fields<'a> for Log<'a> {
    fn get(&self, index: usize) -> Option<Value<'a>> {
        self.0.get(index).copied().flatten()
    }
}
