//! Mounts of a step: memory, and files of the context, a stage or an image. A step sees the files without
//! copying them.

use super::copy::CopyFrom;
use super::reader::{Context, Expanded, Located, Node, Plain, Read};
use super::stage::Base;
use super::values::ContextPath;
use crate::diagnostics::{Problem, Span};

/// A mount of a step. It is not a part of any image.
#[derive(Clone, Debug, PartialEq)]
pub struct StepMount {
    /// The path of the mount. A relative path is below the step's working directory.
    pub path: String,
    /// The content of the mount.
    pub what: Mounted,
    /// The place in the file.
    pub span: Span,
}

/// The content of a mount.
#[derive(Clone, Debug, PartialEq)]
pub enum Mounted {
    /// An empty folder in memory, with its maximum size in bytes; `None` for the engine's own limit.
    Memory(Option<u64>),
    /// Existing files.
    Files {
        /// The source of the files. It is never a download.
        from: CopyFrom,
        /// A file or folder in the source.
        source: String,
        /// Whether the step may write. Its changes are dropped.
        writable: bool,
    },
}

impl StepMount {
    pub(super) fn read(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("a mount") else {
            return node.wrong_type(cx, "a table");
        };
        let path: Option<Plain> = table.require(cx, "path");
        let memory = table.get::<Memory>(cx, "tmpfs");
        let from = table.node("from").map(|node| (Base::read(&node, stages, cx), node.span));
        let source: Option<Located<Plain>> = table.get(cx, "source");
        let writable: Option<bool> = table.get(cx, "writable");
        table.finish(cx);
        let path = path?.0;
        if path.trim_matches('/').is_empty() {
            cx.report(node.span, Problem::Empty { key: "path".to_owned() });
            return None;
        }
        let size = match memory {
            Some(Memory::Whole) => Some(None),
            Some(Memory::Sized(size)) => Some(Some(size)),
            Some(Memory::No) | None => None,
        };
        let what = if let Some(size) = size {
            let others =
                [("from", from.is_some()), ("source", source.is_some()), ("writable", writable.is_some())];
            if let Some((second, _)) = others.into_iter().find(|(_, is_there)| *is_there) {
                cx.report(node.span, Problem::Conflict { first: "tmpfs", second });
                return None;
            }
            Mounted::Memory(size)
        } else {
            let from = match from {
                None => CopyFrom::Context,
                Some((Some(Base::Scratch), span)) => {
                    cx.report(span, Problem::CopyFromScratch);
                    return None;
                }
                Some((base, span)) => CopyFrom::Base(Located::new(base?, span)),
            };
            let source = source.map_or_else(
                || Located::new(String::new(), node.span),
                |source| Located::new(source.value.0, source.span),
            );
            let source = match (&from, ContextPath::parse(&source.value)) {
                (CopyFrom::Context, None) => {
                    cx.report(source.span, Problem::PathLeavesContext { value: source.value });
                    return None;
                }
                (CopyFrom::Context, Some(path)) if path.is_root() => String::new(),
                (CopyFrom::Context, Some(path)) => path.as_str().to_owned(),
                _ => source.value,
            };
            Mounted::Files { from, source, writable: writable.unwrap_or(false) }
        };
        Some(Self { path, what, span: node.span })
    }

    /// The mounted stage or image.
    pub fn base(&self) -> Option<&Located<Base>> {
        match &self.what {
            Mounted::Files { from: CopyFrom::Base(base), .. } => Some(base),
            _ => None,
        }
    }
}

/// The value of `memory`: `true`, `false`, or a size.
enum Memory {
    No,
    /// The engine's maximum size.
    Whole,
    /// This maximum size in bytes.
    Sized(u64),
}

impl Read for Memory {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if let Some(wanted) = node.value.as_bool() {
            return Some(if wanted { Self::Whole } else { Self::No });
        }
        if node.value.as_str().is_none() {
            return node.wrong_type(cx, "true or a size");
        }
        let value = Expanded::read(node, cx)?.0;
        let (digits, unit) = value.split_at(value.trim_end_matches(|c: char| !c.is_ascii_digit()).len());
        let shift = match unit.to_ascii_lowercase().as_str() {
            "" | "b" => Some(0),
            "k" | "kb" => Some(10),
            "m" | "mb" => Some(20),
            "g" | "gb" => Some(30),
            _ => None,
        };
        let size = digits.parse::<u64>().ok().zip(shift);
        let size = size.and_then(|(size, shift): (u64, u32)| size.checked_mul(1 << shift));
        if let Some(size) = size.filter(|size| *size > 0 && *size < 1 << 50) {
            return Some(Self::Sized(size));
        }
        let reason = "write a number and `k`, `m` or `g`, as `64m`";
        cx.report(node.span, Problem::BadName { what: "size", value, reason });
        None
    }
}
