//! Which names the service takes.

use super::failure::Failure;
use crate::tablestore::is_documented_name;

/// The rule that column names are held to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum NameRule {
    /// `[A-Za-z_][A-Za-z0-9_]{0,254}`, as documented.
    Documented,
    /// The same with `-` as one more letter: the original's manual has `user-agent` and
    /// `trans-pkey` among its columns.
    WithHyphen,
}

impl NameRule {
    /// Refuses a column name that breaks the rule.
    pub(super) fn check(self, name: &str) -> Result<(), Failure> {
        if self.allows(name.as_bytes()) {
            Ok(())
        } else {
            Err(Failure::invalid(format!("Invalid column name: '{name}'.")))
        }
    }

    fn allows(self, name: &[u8]) -> bool {
        let hyphen = self == Self::WithHyphen;
        let letter =
            |byte: &u8| byte.is_ascii_alphabetic() || *byte == b'_' || (hyphen && *byte == b'-');
        (1..=255).contains(&name.len())
            && name.first().is_some_and(letter)
            && name
                .iter()
                .all(|byte| letter(byte) || byte.is_ascii_digit())
    }
}

/// Refuses a table name that breaks the documented rule.
pub(super) fn check_table(name: &str) -> Result<(), Failure> {
    if is_documented_name(name.as_bytes()) {
        Ok(())
    } else {
        Err(Failure::invalid(format!("Invalid table name: '{name}'.")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hyphen_is_a_letter_only_where_allowed() {
        let long = "a".repeat(255);
        for good in ["a", "_", "__time__", "A9", long.as_str()] {
            assert_eq!(NameRule::Documented.check(good), Ok(()));
            assert_eq!(NameRule::WithHyphen.check(good), Ok(()));
        }
        for name in ["user-agent", "-x"] {
            assert!(NameRule::Documented.check(name).is_err());
            assert_eq!(NameRule::WithHyphen.check(name), Ok(()));
        }
        let longer = "a".repeat(256);
        for bad in ["", "1a", "a b", "é", "a:b", longer.as_str()] {
            let message = format!("Invalid column name: '{bad}'.");
            assert_eq!(
                NameRule::WithHyphen.check(bad),
                Err(Failure::invalid(message))
            );
        }
    }

    #[test]
    fn table_names_have_no_hyphen() {
        assert_eq!(check_table("orders"), Ok(()));
        assert_eq!(
            check_table("1bad"),
            Err(Failure::invalid("Invalid table name: '1bad'."))
        );
        assert!(check_table("a-b").is_err());
    }
}
