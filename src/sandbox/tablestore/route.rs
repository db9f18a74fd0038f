//! Which operation a request is for.

use super::failure::Failure;

/// The operations of the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
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

impl Operation {
    pub(super) const ALL: [Self; 13] = [
        Self::CreateTable,
        Self::ListTable,
        Self::DescribeTable,
        Self::UpdateTable,
        Self::DeleteTable,
        Self::PutRow,
        Self::UpdateRow,
        Self::DeleteRow,
        Self::GetRow,
        Self::BatchGetRow,
        Self::BatchWriteRow,
        Self::GetRange,
        Self::ComputeSplitPointsBySize,
    ];

    /// As it stands in the path.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::CreateTable => "CreateTable",
            Self::ListTable => "ListTable",
            Self::DescribeTable => "DescribeTable",
            Self::UpdateTable => "UpdateTable",
            Self::DeleteTable => "DeleteTable",
            Self::PutRow => "PutRow",
            Self::UpdateRow => "UpdateRow",
            Self::DeleteRow => "DeleteRow",
            Self::GetRow => "GetRow",
            Self::BatchGetRow => "BatchGetRow",
            Self::BatchWriteRow => "BatchWriteRow",
            Self::GetRange => "GetRange",
            Self::ComputeSplitPointsBySize => "ComputeSplitPointsBySize",
        }
    }
}

/// The name in a path: its last part, since an endpoint may have a path of its own before it.
pub(super) fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The operation of this name.
pub(super) fn route(name: &str) -> Result<Operation, Failure> {
    // The code is the one that the service is seen to send; its error page has another.
    Operation::ALL
        .into_iter()
        .find(|operation| operation.name() == name)
        .ok_or_else(|| {
            Failure::new(
                400,
                "OTSUnsupportOperation",
                format!("Unsupported operation: '{name}'."),
            )
        })
}
