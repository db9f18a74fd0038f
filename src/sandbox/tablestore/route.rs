//! Which operation a request is for.

use super::failure::Failure;
use crate::sandbox::operations::operations;

operations! {
    CreateTable,
    ListTable,
    DescribeTable,
    UpdateTable,
    DeleteTable,
    PutRow,
    UpdateRow,
    DeleteRow,
    GetRow,
    BatchGetRow,
    BatchWriteRow,
    GetRange,
    ComputeSplitPointsBySize,
}

/// The name in a path: its last part, since an endpoint may have a path of its own before it.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The operation of this name.
pub(super) fn route(name: &str) -> Result<Operation, Failure> {
    // The code is the one that the service is seen to send; its error page has another.
    Operation::ALL
        .iter()
        .copied()
        .find(|operation| operation.name() == name)
        .ok_or_else(|| {
            Failure::new(
                400,
                "OTSUnsupportOperation",
                format!("Unsupported operation: '{name}'."),
            )
        })
}
