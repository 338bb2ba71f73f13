//! `copy`: files from another stage, an image, the context, a download or a repository.

use super::download::{Checksum, Download, http_url, is_address, is_repository};
use super::reader::{Context, Expanded, Located, Node, Plain, Read, Table};
use super::stage::Base;
use super::steps::is_one_more;
use super::values::{ContextPath, User};
use crate::address::{Commit, FileName, GitUrl};
use crate::diagnostics::{Problem, Span};

/// The source of a copy.
#[derive(Clone, Debug, PartialEq)]
pub enum CopyFrom {
    /// The build context.
    Context,
    /// A stage, an image or a target of a Dockerfile.
    Base(Located<Base>),
    /// A file at a URL.
    Download(Archive),
    /// A commit of a repository.
    Git(GitCommit),
}

/// A file at a URL. An archive can be copied unchanged or unpacked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archive {
    /// The file.
    pub file: Download,
    /// Whether the archive is unpacked.
    pub unpack: bool,
}

/// A commit of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitCommit {
    /// The URL of the repository.
    pub url: GitUrl,
    /// The commit.
    pub commit: Commit,
}

/// `copy`: files from another place.
#[derive(Clone, Debug, PartialEq)]
pub struct CopyStep {
    /// The source.
    pub from: CopyFrom,
    /// The source path. As in Dockerfiles, copying a folder copies its contents.
    pub path: Located<String>,
    /// The destination. A slash at the end means "into this folder".
    pub to: Located<String>,
    /// The owner. By default root, or the owner in the other stage.
    pub owner: Option<Located<User>>,
    /// The mode, an octal number in the file.
    pub mode: Option<u32>,
    /// Patterns of files that are left out.
    pub exclude: Vec<String>,
}

/// The longest URL that is read, in bytes.
const LONGEST: usize = 8 << 10;

/// The source of a copy, with the place of its key.
struct Origin {
    from: CopyFrom,
    span: Span,
}

impl CopyStep {
    /// The stage, image or Dockerfile target of the copy.
    pub fn base(&self) -> Option<&Located<Base>> {
        match &self.from {
            CopyFrom::Base(base) => Some(base),
            CopyFrom::Context | CopyFrom::Download(_) | CopyFrom::Git(_) => None,
        }
    }

    /// Reads a copy of a stage.
    pub(super) fn read(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        if !is_one_more(node, cx) {
            return None;
        }
        let Some(mut table) = node.table("a copy") else {
            return node.wrong_type(cx, "a table");
        };
        let origin = Origin::read(&mut table, stages, cx);
        let path: Option<Located<Plain>> = match &origin {
            Some(Origin { from: CopyFrom::Context | CopyFrom::Base(_), .. }) => table.require(cx, "path"),
            _ => table.get(cx, "path"),
        };
        let to: Option<Located<Plain>> = match &origin {
            Some(Origin { from: CopyFrom::Download(_) | CopyFrom::Git(_), .. }) => table.require(cx, "to"),
            _ => table.get(cx, "to"),
        };
        let owner = table.get(cx, "owner");
        let mode = table.get::<Mode>(cx, "mode").map(|mode| mode.0);
        let exclude: Vec<Plain> = table.get_or_default(cx, "exclude");
        let exclude = exclude.into_iter().map(|pattern| pattern.0).collect();
        table.finish(cx);
        let origin = origin?;
        let path = origin.path(path, cx)?;
        let to = match (to, &origin.from) {
            (Some(to), _) => Located::new(to.value.0, to.span),
            (None, CopyFrom::Context | CopyFrom::Base(_)) => path.clone(),
            (None, CopyFrom::Download(_) | CopyFrom::Git(_)) => return None,
        };
        Some(Self { from: origin.from, path, to, owner, mode, exclude })
    }

    /// Reads a copy into the project. `to` is below the context, and owners and modes are those of the
    /// project's own files.
    pub(super) fn into_project(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        if !is_one_more(node, cx) {
            return None;
        }
        let Some(mut table) = node.table("a copy of [app]") else {
            return node.wrong_type(cx, "a table");
        };
        let named: Option<()> = table.node("from").map(|_| ());
        let origin = Origin::read(&mut table, stages, cx);
        let path: Option<Located<Plain>> = match &origin {
            Some(Origin { from: CopyFrom::Base(_), .. }) => table.require(cx, "path"),
            _ => table.get(cx, "path"),
        };
        let to: Option<Located<Plain>> = table.require(cx, "to");
        let exclude: Vec<Plain> = table.get_or_default(cx, "exclude");
        let exclude = exclude.into_iter().map(|pattern| pattern.0).collect();
        table.finish(cx);
        if named.is_none() {
            cx.report(node.span, Problem::MissingKey { key: "from", table: "a copy of [app]".to_owned() });
            return None;
        }
        let origin = origin?;
        let path = origin.path(path, cx)?;
        let to = to?;
        let Some(cleaned) = ContextPath::parse(&to.value.0) else {
            cx.report(to.span, Problem::PathLeavesContext { value: to.value.0 });
            return None;
        };
        // A slash at the end means "into this folder".
        let slash = if to.value.0.ends_with('/') && !cleaned.is_root() { "/" } else { "" };
        let to = Located::new(format!("{}{slash}", cleaned.as_str()), to.span);
        Some(Self { from: origin.from, path, to, owner: None, mode: None, exclude })
    }
}

impl Origin {
    fn read(table: &mut Table<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        let node = table.node("from");
        let is_written = table.node("checksum").is_some();
        let checksum: Option<Located<Checksum>> = table.get(cx, "checksum");
        let unpack: Option<Located<bool>> = table.get(cx, "unpack");
        let Some(node) = node else {
            alone(checksum.as_ref().map(|key| key.span), unpack.as_ref().map(|key| key.span), cx);
            return Some(Self { from: CopyFrom::Context, span: table.span });
        };
        // The kind of a value is decided after its args are replaced. The reader of the value reports errors
        // of args.
        let expanded = |text: &str| cx.arguments.expand(text, LONGEST).unwrap_or_default();
        let address =
            node.value.as_str().map(expanded).filter(|text| is_address(text) || is_repository(text));
        if address.is_none() {
            alone(checksum.as_ref().map(|key| key.span), unpack.as_ref().map(|key| key.span), cx);
            let base = Base::read(&node, stages, cx)?;
            if base == Base::Scratch {
                cx.report(node.span, Problem::CopyFromScratch);
                return None;
            }
            return Some(Self { from: CopyFrom::Base(Located::new(base, node.span)), span: node.span });
        }
        let address = Located::new(Expanded::read(&node, cx)?.0, node.span);
        if is_repository(&address.value) {
            alone(checksum.as_ref().map(|key| key.span), unpack.as_ref().map(|key| key.span), cx);
            return Some(Self { from: CopyFrom::Git(git(&address, cx)?), span: node.span });
        }
        let url = http_url(&address, cx)?;
        let Some(checksum) = checksum else {
            // An invalid checksum has already been reported.
            if !is_written {
                cx.report(node.span, Problem::NoChecksum { address: url.to_string() });
            }
            return None;
        };
        let file = Download { url: url.without_fragment(), checksum: checksum.value.0 };
        let unpack = unpack.is_some_and(|unpack| unpack.value);
        Some(Self { from: CopyFrom::Download(Archive { file, unpack }), span: node.span })
    }

    /// The source path of the copy.
    fn path(&self, path: Option<Located<Plain>>, cx: &mut Context<'_>) -> Option<Located<String>> {
        let path = path.map(|path| Located::new(path.value.0, path.span));
        match &self.from {
            CopyFrom::Context => {
                let path = path?;
                if ContextPath::parse(&path.value).is_none() {
                    cx.report(path.span, Problem::PathLeavesContext { value: path.value });
                    return None;
                }
                Some(path)
            }
            CopyFrom::Base(_) => path,
            CopyFrom::Git(_) | CopyFrom::Download(Archive { unpack: true, .. }) => {
                Some(path.unwrap_or_else(|| Located::new("/".to_owned(), self.span)))
            }
            CopyFrom::Download(archive) => {
                if let Some(path) = path {
                    cx.report(path.span, Problem::PathOfDownload);
                    return None;
                }
                match FileName::of_address(archive.file.url.as_str()) {
                    Ok(name) => Some(Located::new(format!("/{}", name.as_str()), self.span)),
                    Err(error) => {
                        cx.report(self.span, Problem::BadAddress { message: error.to_string() });
                        None
                    }
                }
            }
        }
    }
}

/// Reports keys for downloads in a copy from another source.
fn alone(checksum: Option<Span>, unpack: Option<Span>, cx: &mut Context<'_>) {
    for (key, span) in [("checksum", checksum), ("unpack", unpack)] {
        if let Some(span) = span {
            cx.report(span, Problem::OnlyForDownloads { key });
        }
    }
}

/// Reads `https://HOST/PATH.git#COMMIT`. A branch or tag is not accepted, because it can change.
fn git(address: &Located<String>, cx: &mut Context<'_>) -> Option<GitCommit> {
    let (url, commit) = address.value.split_once('#').unwrap_or((&address.value, ""));
    let url = match GitUrl::parse(url) {
        Ok(url) if url.had_credentials() => {
            cx.report(address.span, Problem::CredentialsInFile);
            return None;
        }
        Ok(url) => url,
        Err(error) => {
            cx.report(address.span, Problem::BadAddress { message: error.to_string() });
            return None;
        }
    };
    if let Ok(commit) = Commit::parse(commit) {
        return Some(GitCommit { url, commit });
    }
    cx.report(address.span, Problem::NoCommit { address: url.to_string() });
    None
}

/// A mode as an octal text.
struct Mode(u32);

impl Read for Mode {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = String::read(node, cx)?;
        match u32::from_str_radix(value.trim_start_matches("0o"), 8) {
            Ok(mode) if mode <= 0o7777 => Some(Self(mode)),
            _ => {
                let reason = "write octal digits as `0755`";
                cx.report(node.span, Problem::BadName { what: "mode", value, reason });
                None
            }
        }
    }
}
