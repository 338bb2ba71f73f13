//! The tables that apply to all stages: `[python]`, `[dependencies]`, `[system]` and `[app]`.

use std::collections::BTreeMap;
use std::str::FromStr;

use buildkit_llb::Platform;
use pep440_rs::Version;

use super::cooldown::Cooldown;
use super::copy::CopyStep;
use super::index::{Index, secret_id};
use super::reader::{Context, Expanded, Located, Node, Read, names};
use super::repository::Repository;
use super::stage::{Base, copies};
use super::values::{ContextPath, ImagePath};
use crate::diagnostics::{Problem, nearest};
use crate::pep508::{Name, Requirement, Wanted};
use crate::tags::Libc;

/// `[python]`: the interpreter and its images.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Python {
    /// `version`: such as `3.13`, `3.13.1` or `3.14t`.
    pub version: Option<Located<String>>,
    /// `base`: the base of stages that ship: an image, a stage or a target of a Dockerfile.
    pub base: Option<Located<Base>>,
    /// `libc`: the C library of `base`, such as `glibc-2.36` or `musl-1.2`, if the image's name does not show
    /// it.
    pub libc: Option<Libc>,
    /// `build-base`: the base in which dependencies are installed, if it differs from `base`.
    pub build_base: Option<Located<Base>>,
}

impl Python {
    pub(super) fn read(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("[python]") else {
            return node.wrong_type(cx, "a table");
        };
        let version = table.get::<Located<Expanded>>(cx, "version");
        let version = version.map(|found| Located::new(found.value.0, found.span));
        if let Some(found) = &version {
            let free_threaded = found.value.strip_suffix('t');
            let parts: Vec<&str> = free_threaded.unwrap_or(&found.value).split('.').collect();
            // The number of possible wheel tags grows with the minor version, so the version is limited.
            let at_most = |part: Option<&&str>, most: u32| {
                part.is_none_or(|part| part.parse::<u32>().is_ok_and(|number| number <= most))
            };
            let numeric = at_most(parts.get(1), 99) && at_most(parts.get(2), 999);
            // PEP 703: there is no free-threaded build before 3.13.
            let exists = free_threaded.is_none()
                || parts.get(1).and_then(|part| part.parse().ok()).is_some_and(|minor: u32| minor >= 13);
            if !numeric || !exists || !(2..=3).contains(&parts.len()) || parts.first() != Some(&"3") {
                cx.report(found.span, Problem::BadPythonVersion { value: found.value.clone() });
            }
        }
        let base = table.node("base").and_then(|node| python_base(&node, stages, cx));
        let build_base = table.node("build-base").and_then(|node| python_base(&node, stages, cx));
        let libc = table.get(cx, "libc");
        table.finish(cx);
        Some(Self { version, base, libc, build_base })
    }
}

/// The base of a Python. `scratch` is refused, because it has no Python.
fn python_base(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Located<Base>> {
    match Base::read(node, stages, cx)? {
        Base::Scratch => {
            let (value, reason) = ("scratch".to_owned(), "`scratch` is empty: it has no Python".to_owned());
            cx.report(node.span, Problem::BadImage { value, reason });
            None
        }
        base => Some(Located::new(base, node.span)),
    }
}

impl Read for Libc {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = super::reader::Expanded::read(node, cx)?.0;
        let parsed = value.split_once('-').and_then(|(name, version)| {
            let (major, minor) = version.split_once('.')?;
            let (major, minor): (u32, u32) = (major.parse().ok()?, minor.parse().ok()?);
            // The number of possible wheel tags grows with this number, so it is limited.
            if minor > 199 {
                return None;
            }
            match name {
                "glibc" => Some(Self::Glibc { major, minor }),
                "musl" => Some(Self::Musl { major, minor }),
                _ => None,
            }
        });
        if parsed.is_none() {
            let reason = "write `glibc-2.36` or `musl-1.2`";
            cx.report(node.span, Problem::BadName { what: "C library", value, reason });
        }
        parsed
    }
}

/// The way in which dependencies are installed in an image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Installer {
    /// Each locked wheel is a node of its own, and is unpacked into layers.
    #[default]
    Wheels,
    /// pip installs everything into one virtual environment, with a cache mount.
    Pip,
}

impl Read for Installer {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("wheels", Self::Wheels), ("pip", Self::Pip)])
    }
}

/// `[dependencies]`: the dependencies of the project.
#[derive(Clone, Debug, PartialEq)]
pub struct Dependencies {
    /// `requirements`: requirements files. If missing, they are detected. If empty, the app has no
    /// dependencies.
    pub requirements: Option<Vec<Located<ContextPath>>>,
    /// `groups`: requirements files of additional groups, by group.
    pub groups: BTreeMap<String, Vec<Located<ContextPath>>>,
    /// `extras`: the project's own extras, which every stage gets.
    pub extras: Vec<Located<String>>,
    /// `installer`.
    pub installer: Installer,
    /// `lock`: the lock from which packages are installed. If missing, it is detected.
    pub lock: Option<Located<ContextPath>>,
    /// `index`: the indexes of packages.
    pub index: Index,
    /// `bytecode`: whether modules are compiled when the image is built.
    pub bytecode: bool,
    /// `allow-unverified`: packages whose files may be installed without a hash.
    pub allow_unverified: Vec<Located<String>>,
    /// `cooldown`: the minimum age of a file on its index.
    pub cooldown: Option<Cooldown>,
    /// `build-constraints`: constraints for the packages of build environments.
    pub build_constraints: Vec<String>,
}

impl Default for Dependencies {
    fn default() -> Self {
        Self {
            requirements: None,
            groups: BTreeMap::new(),
            extras: Vec::new(),
            installer: Installer::default(),
            lock: None,
            index: Index::default(),
            bytecode: true,
            allow_unverified: Vec::new(),
            cooldown: None,
            build_constraints: Vec::new(),
        }
    }
}

impl Read for Dependencies {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("[dependencies]") else {
            return node.wrong_type(cx, "a table");
        };
        let constraints: Vec<Constraint> = table.get_or_default(cx, "build-constraints");
        let read = Self {
            requirements: table.get(cx, "requirements"),
            groups: groups(&mut table, cx),
            extras: names(&mut table, cx, "extras").unwrap_or_default(),
            installer: table.get_or_default(cx, "installer"),
            lock: table.get(cx, "lock"),
            index: table.get_or_default(cx, "index"),
            bytecode: table.get(cx, "bytecode").unwrap_or(true),
            allow_unverified: table.get_or_default(cx, "allow-unverified"),
            cooldown: table.get(cx, "cooldown"),
            build_constraints: constraints.into_iter().map(|constraint| constraint.0).collect(),
        };
        table.finish(cx);
        Some(read)
    }
}

/// A requirement with a version.
struct Constraint(String);

impl Read for Constraint {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = super::reader::Expanded::read(node, cx)?.0;
        let parsed = Requirement::parse(&value).ok();
        if parsed
            .is_some_and(|parsed| parsed.extras.is_empty() && matches!(parsed.wanted, Wanted::Versions(_)))
        {
            return Some(Self(value));
        }
        let reason = "write a package and its versions, as `setuptools<81`";
        cx.report(node.span, Problem::BadName { what: "build constraint", value, reason });
        None
    }
}

/// Reads requirements files by group.
fn groups(
    table: &mut super::reader::Table<'_>,
    cx: &mut Context<'_>,
) -> BTreeMap<String, Vec<Located<ContextPath>>> {
    let Some(node) = table.node("groups") else { return BTreeMap::new() };
    let Some(entries) = node.entries() else {
        return node.wrong_type(cx, "a table").unwrap_or_default();
    };
    let mut read = BTreeMap::new();
    for (name, node) in entries {
        if crate::pep508::Name::new(&name.value).is_err() {
            let reason = "only letters, digits and `-_.` are allowed, and a letter or digit at both ends";
            cx.report(name.span, Problem::BadName { what: "group name", value: name.value, reason });
        } else if let Some(files) = Read::read(&node, cx) {
            read.insert(name.value, files);
        }
    }
    read
}

/// The package manager for OS packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemManager {
    /// Debian and Ubuntu.
    Apt,
    /// Alpine.
    Apk,
    /// Fedora, RHEL and related distributions.
    Dnf,
}

impl SystemManager {
    /// The name of the package manager in the file.
    pub fn name(self) -> &'static str {
        match self {
            Self::Apt => "apt",
            Self::Apk => "apk",
            Self::Dnf => "dnf",
        }
    }
}

impl Read for SystemManager {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        choice(node, cx, &[("apt", Self::Apt), ("apk", Self::Apk), ("dnf", Self::Dnf)])
    }
}

/// The name of an OS package, with a version or suite in the package manager's syntax.
#[derive(Clone, Debug, PartialEq, Eq)]
struct PackageName(String);

impl Read for PackageName {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let value = super::reader::Expanded::read(node, cx)?.0;
        let allowed = |c: char| c.is_ascii_alphanumeric() || "+-._:=~^<>/*@".contains(c);
        let reason = if value.is_empty() {
            "it is empty"
        } else if value.starts_with('-') {
            "it looks like an option"
        } else if !value.chars().all(allowed) {
            "only letters, digits and `+-._:=~^<>/*@` are allowed"
        } else {
            return Some(Self(value));
        };
        cx.report(node.span, Problem::BadName { what: "package name", value, reason });
        None
    }
}

/// An OS package of a list.
struct Package {
    name: PackageName,
    /// Whether this build's platform needs the package.
    wanted: bool,
}

impl Read for Package {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table(format!("`{}`", node.key)) else {
            if node.value.as_str().is_none() {
                return node.wrong_type(cx, "a string or a table");
            }
            return Some(Self { name: PackageName::read(node, cx)?, wanted: true });
        };
        let name: Option<PackageName> = table.require(cx, "name");
        let platforms: Option<Platforms> = table.require(cx, "platforms");
        table.finish(cx);
        // If the file is read without a platform, every package is needed.
        let target = cx.arguments.value("TARGETPLATFORM").and_then(|text| Platform::parse(text).ok());
        let platforms = platforms?.0;
        let wanted = target.is_none_or(|target| platforms.contains(&target.normalized()));
        Some(Self { name: name?, wanted })
    }
}

/// Platforms in their normalised form; at least one.
struct Platforms(Vec<Platform>);

impl Read for Platforms {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        if node.elements().is_some_and(|elements| elements.is_empty()) {
            cx.report(node.span, Problem::Empty { key: node.key.clone() });
            return None;
        }
        let names: Vec<Located<super::reader::Expanded>> = Read::read(node, cx)?;
        let mut platforms = Vec::new();
        for name in names {
            match Platform::parse(&name.value.0) {
                Ok(platform) => platforms.push(platform.normalized()),
                Err(error) => cx.report(name.span, Problem::BadPlatform { error }),
            }
        }
        Some(Self(platforms))
    }
}

/// Reads a list of OS packages, and keeps those for this build's platform.
pub(super) fn packages(
    table: &mut super::reader::Table<'_>,
    cx: &mut Context<'_>,
    key: &'static str,
) -> Vec<Located<String>> {
    let read: Vec<Located<Package>> = table.get_or_default(cx, key);
    let wanted = read.into_iter().filter(|package| package.value.wanted);
    wanted.map(|package| Located::new(package.value.name.0, package.span)).collect()
}

/// `[system]`: OS packages.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct System {
    /// `packages`: packages of every Python stage.
    pub packages: Vec<Located<String>>,
    /// `build`: packages for compiling dependencies (in `builder`, and in `dev` and `test`, which start from
    /// it).
    pub build: Vec<Located<String>>,
    /// `runtime`: packages of every stage that runs the app. `builder` does not get them.
    pub runtime: Vec<Located<String>>,
    /// `repositories`: repositories in addition to the distribution's own.
    pub repositories: Vec<Repository>,
    /// `ca`: the id of a build secret with certificates (PEM). Every step with a network trusts them.
    pub ca: Option<String>,
    /// `manager`: the package manager, if the base image's name does not show it.
    pub manager: Option<SystemManager>,
}

impl Read for System {
    fn read(node: &Node<'_>, cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("[system]") else {
            return node.wrong_type(cx, "a table");
        };
        let read = Self {
            packages: packages(&mut table, cx, "packages"),
            build: packages(&mut table, cx, "build"),
            runtime: packages(&mut table, cx, "runtime"),
            repositories: table.get_or_default(cx, "repositories"),
            ca: secret_id(&mut table, cx, "ca"),
            manager: table.get(cx, "manager"),
        };
        table.finish(cx);
        Some(read)
    }
}

/// `[app]`: the code of the project.
#[derive(Clone, Debug, PartialEq)]
pub struct App {
    /// `include`: the files of the context that are copied. If missing, all files that are not ignored.
    pub include: Option<Vec<Located<ContextPath>>>,
    /// `copy`: files that are copied into the project before it is built or tested.
    pub copy: Vec<CopyStep>,
    /// `workdir`: the working directory of commands. Without `to`, the code is copied there.
    pub workdir: ImagePath,
    /// `to`: the destination of the code, if it is not the working directory.
    pub to: Option<ImagePath>,
    /// `package`: whether the project is built and installed as a package. If missing, this depends on its
    /// build backend.
    pub package: Option<Located<bool>>,
    /// `member`: the workspace member that is built.
    pub member: Option<Located<Name>>,
    /// `version`: the version of the project in the form of PEP 440, for a build backend that would ask git.
    pub version: Option<Located<String>>,
    /// `writable`: folders that belong to the image's user.
    pub writable: Vec<Located<ImagePath>>,
}

impl Default for App {
    fn default() -> Self {
        Self {
            include: None,
            copy: Vec::new(),
            to: None,
            workdir: ImagePath::constant("/app"),
            package: None,
            member: None,
            version: None,
            writable: Vec::new(),
        }
    }
}

impl App {
    pub(super) fn read(node: &Node<'_>, stages: &[&str], cx: &mut Context<'_>) -> Option<Self> {
        let Some(mut table) = node.table("[app]") else {
            return node.wrong_type(cx, "a table");
        };
        let default = Self::default();
        let read = Self {
            include: table.get(cx, "include"),
            copy: copies(&mut table, cx, |copy, cx| CopyStep::into_project(copy, stages, cx)),
            to: table.get(cx, "to"),
            workdir: table.get(cx, "workdir").unwrap_or(default.workdir),
            package: table.get(cx, "package"),
            member: table.get(cx, "member").and_then(|member| package_name(member, cx)),
            version: table.get(cx, "version").and_then(|version| package_version(version, cx)),
            writable: table.get_or_default(cx, "writable"),
        };
        table.finish(cx);
        Some(read)
    }
}

/// The name of a package in its normalised form.
fn package_name(found: Located<Expanded>, cx: &mut Context<'_>) -> Option<Located<Name>> {
    let Expanded(value) = found.value;
    if let Ok(name) = Name::new(&value) {
        return Some(Located::new(name, found.span));
    }
    let reason = "a name has letters, digits and `._-`, and begins and ends with a letter or digit";
    cx.report(found.span, Problem::BadName { what: "package name", value, reason });
    None
}

/// The version of a package in its normalised form: a tag such as `v1.2` is read as `1.2`.
fn package_version(found: Located<Expanded>, cx: &mut Context<'_>) -> Option<Located<String>> {
    let Expanded(value) = found.value;
    if let Ok(version) = Version::from_str(&value) {
        return Some(Located::new(version.to_string(), found.span));
    }
    cx.report(found.span, Problem::BadVersion { value });
    None
}

/// Reads one of several allowed words.
pub(super) fn choice<T: Copy>(
    node: &Node<'_>,
    cx: &mut Context<'_>,
    words: &[(&'static str, T)],
) -> Option<T> {
    let value = String::read(node, cx)?;
    if let Some((_, chosen)) = words.iter().find(|(word, _)| *word == value) {
        return Some(*chosen);
    }
    let allowed: Vec<_> = words.iter().map(|(word, _)| *word).collect();
    let suggestion = nearest(&value, allowed.iter().copied());
    cx.report(node.span, Problem::BadChoice { value, allowed, suggestion });
    None
}
