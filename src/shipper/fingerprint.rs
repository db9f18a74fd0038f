//! A hash of all that decides what becomes of a log, so that one can tell which dead letters a
//! mended configuration may cure.

use super::settings::{ColumnNames, RowRules};
use crate::deadletters;
use crate::tablestore::{InstanceName, PrimaryKeyColumn, TableName};

/// The hash of the rules and of the table that gets the rows. What the order of names does not
/// change does not change it.
pub(super) fn fingerprint(
    rules: &RowRules,
    instance: &InstanceName,
    table: &TableName,
    schema: &[PrimaryKeyColumn],
) -> String {
    let mut transforms: Vec<_> = rules
        .transforms
        .iter()
        .map(|column| format!("{} = {}", column.name, column.expression))
        .collect();
    transforms.sort_unstable();
    let mut excluded = rules.exclusive_columns.clone();
    excluded.sort_unstable();
    excluded.dedup();
    let names = match rules.column_names {
        ColumnNames::Repair => "repair",
        ColumnNames::Drop => "drop",
        ColumnNames::Exact => "exact",
    };
    let key = schema.iter().map(|column| {
        let kind = if column.auto_increment {
            "AUTO_INCREMENT".to_owned()
        } else {
            column.kind.to_string()
        };
        format!("{} {kind}", column.name)
    });
    let key: Vec<_> = key.collect();
    // Each list ends with an empty text, so that none runs into the next.
    let lists = [&transforms, &excluded, &key];
    let listed = lists.into_iter().flat_map(|list| {
        let items = list.iter().map(String::as_str);
        items.chain([""])
    });
    let own = [names, instance.as_str(), table.as_str()];
    deadletters::configuration(own.into_iter().chain(listed))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shipper::settings::TransformColumn;
    use crate::tablestore::PrimaryKeyType;
    use crate::transform::Expression;

    fn of(
        transforms: &[(&str, &str)],
        excluded: &[&str],
        table: &str,
        kind: PrimaryKeyType,
    ) -> String {
        let transforms = transforms.iter().map(|(name, text)| TransformColumn {
            name: (*name).to_owned(),
            expression: Expression::parse(text).unwrap(),
        });
        let rules = RowRules {
            transforms: transforms.collect(),
            exclusive_columns: excluded.iter().map(|name| (*name).to_owned()).collect(),
            column_names: ColumnNames::Repair,
        };
        let key = PrimaryKeyColumn {
            name: "id".to_owned(),
            kind,
            auto_increment: false,
        };
        let instance = InstanceName::new("demo").unwrap();
        fingerprint(&rules, &instance, &TableName::new(table).unwrap(), &[key])
    }

    #[test]
    fn what_decides_changes_it_and_nothing_else_does() {
        let text = PrimaryKeyType::String;
        let both = [("a", "(->int 10 x)"), ("b", "y")];
        let one = of(&both, &["c", "d"], "t", text);
        let spelled = [("b", "y"), ("a", "( -> int  10 x )")];
        assert_eq!(one, of(&spelled, &["d", "c"], "t", text));
        for other in [
            of(&[("a", "(->int 16 x)"), ("b", "y")], &["c", "d"], "t", text),
            of(&both, &["c"], "t", text),
            of(&both, &["c", "d"], "u", text),
            of(&both, &["c", "d"], "t", PrimaryKeyType::Binary),
        ] {
            assert_ne!(one, other);
        }
    }
}
