//! Random cases of the kinds that hurt.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Ask, Case, ConflictItem, Form, Index, Item, Member, Origin, Release, Req, Tree};
use super::markers;
use crate::random::Random;

const NAMES: [&str; 9] = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india"];
const VERSIONS: [&str; 9] = ["1.0", "1.1", "1.2.3", "2.0", "2.1.post1", "3.0", "2.2rc1", "3.1.dev2", "1!0.5"];
const PYTHONS: [&str; 5] = ["3.9.18", "3.10.13", "3.11.7", "3.12.1", "3.13.0"];
const MACHINES: [&str; 5] =
    ["x86_64-glibc-2.36", "aarch64-glibc-2.36", "x86_64-musl-1.2", "aarch64-musl-1.2", "x86_64-glibc-2.17"];

/// What a tool's projects can have.
#[derive(Clone, Copy, Debug)]
pub(super) struct Traits {
    /// Extras and groups that conflict, members of a workspace, overrides and constraints, forks.
    pub(super) uv: bool,
    /// Extras.
    pub(super) extras: bool,
    /// Groups.
    pub(super) groups: bool,
    /// Packages that are in no index.
    pub(super) trees: bool,
    /// Further indexes.
    pub(super) indexes: bool,
    /// Whether the tool locks for one machine alone, that of the first target.
    pub(super) one_machine: bool,
}

impl Traits {
    /// What can be asked of a kind.
    pub(super) fn of(kind: &str) -> Self {
        let all =
            Self { uv: true, extras: true, groups: true, trees: true, indexes: true, one_machine: false };
        match kind {
            "uv" | "pylock" => all,
            "poetry" | "pdm" => Self { uv: false, ..all },
            "pipenv" => Self { uv: false, extras: false, one_machine: true, ..all },
            _ => Self { uv: false, extras: false, groups: false, one_machine: kind != "uv-compile", ..all },
        }
    }
}

/// A case of a kind.
pub(super) fn case(kind: &str, random: &mut Random) -> Case {
    Generator { random, traits: Traits::of(kind), names: Vec::new() }.case(kind)
}

struct Generator<'r> {
    random: &'r mut Random,
    traits: Traits,
    /// The packages that there are, each with its versions and extras.
    names: Vec<Known>,
}

#[derive(Clone, Debug, Default)]
struct Known {
    name: String,
    versions: Vec<String>,
    extras: Vec<String>,
}

impl Generator<'_> {
    fn case(mut self, kind: &str) -> Case {
        let count = self.random.number(3..9);
        let mut case = Case { kind: kind.to_owned(), ..Case::default() };
        for name in NAMES.iter().take(count) {
            let known = self.known(name);
            self.names.push(known);
        }
        let releases = self.releases();
        case.indexes.push(Index { name: "main".to_owned(), explicit: false, releases });
        if self.traits.indexes && self.random.chance(25) {
            self.second_index(&mut case);
        }
        if self.traits.trees && self.random.chance(25) {
            self.trees(&mut case);
        }
        let python = *self
            .random
            .pick(&[">=3.9", ">=3.9", ">=3.8", ">=3.10", ">=3.9,<3.13", ">=3.10,!=3.11.*"])
            .unwrap_or(&">=3.9");
        let main = self.member("demo", python, &case);
        case.members.push(main);
        if self.traits.uv && self.random.chance(22) {
            self.workspace(&mut case, python);
        }
        if self.traits.uv {
            self.settings(&mut case);
        }
        self.use_sources(&mut case);
        self.targets(&mut case);
        self.asks(&mut case);
        case
    }

    fn known(&mut self, name: &str) -> Known {
        let count = self.random.number(1..4);
        let plain = if self.random.chance(80) { 6 } else { VERSIONS.len() };
        let mut versions: Vec<String> = self
            .random
            .some(VERSIONS.get(..plain).unwrap_or(&VERSIONS), count)
            .into_iter()
            .map(|v| (*v).to_owned())
            .collect();
        if !versions.iter().any(|version| matches!(version.as_str(), "1.0" | "1.1" | "2.0")) {
            versions.push("2.0".to_owned());
        }
        versions.sort();
        let mut extras = Vec::new();
        if self.random.chance(35) {
            extras.push("x".to_owned());
            if self.random.chance(50) {
                extras.push("y".to_owned());
            }
        }
        Known { name: name.to_owned(), versions, extras }
    }

    fn releases(&mut self) -> Vec<Release> {
        let mut releases = Vec::new();
        for (place, known) in self.names.clone().into_iter().enumerate() {
            for version in &known.versions {
                let mut release =
                    Release { name: known.name.clone(), version: version.clone(), ..Release::default() };
                let later = self.names.get(place + 1..).unwrap_or_default().to_vec();
                // Mostly on packages that come later, so that few requirements go round in circles.
                let onto = if self.random.chance(8) { self.names.clone() } else { later };
                let count = self.random.number(0..3);
                release.requires = self.requirements(&onto, count, 25);
                for extra in &known.extras {
                    let count = self.random.number(1..3);
                    let mut list = self.requirements(&onto, count, 20);
                    if extra == "y" && self.random.chance(40) {
                        list.push(Req {
                            name: known.name.clone(),
                            extras: vec!["x".to_owned()],
                            ..Req::default()
                        });
                    }
                    release.extras.insert(extra.clone(), list);
                }
                let plain = matches!(version.as_str(), "1.0" | "1.1" | "2.0");
                if self.random.chance(if plain { 3 } else { 25 }) {
                    let python =
                        self.random.pick(&[">=3.9", ">=3.10", ">=3.11", "<3.13", ">=3.8,!=3.10.*", ">=3.12"]);
                    release.python = python.copied().unwrap_or_default().to_owned();
                }
                release.files = self.files(version);
                if self.random.chance(if plain { 3 } else { 12 }) {
                    release.yanked.clone_from(&release.files);
                    if self.random.chance(30) {
                        release.yanked.truncate(1);
                    }
                }
                releases.push(release);
            }
        }
        releases
    }

    /// The files of a release: mostly a wheel for every machine.
    fn files(&mut self, version: &str) -> Vec<String> {
        let tags = |list: &[&str]| list.iter().map(|tag| (*tag).to_owned()).collect::<Vec<_>>();
        let any = tags(&["py3-none-any"]);
        if version.contains('+') || self.random.chance(65) {
            return if self.random.chance(15) { tags(&["sdist", "py3-none-any"]) } else { any };
        }
        match self.random.number(0..9) {
            0 => tags(&["sdist"]),
            1 => tags(&[
                "cp39-abi3-manylinux_2_17_x86_64",
                "cp39-abi3-manylinux_2_28_aarch64",
                "cp311-abi3-musllinux_1_1_x86_64",
                "sdist",
            ]),
            2 => tags(&["py3-none-any", "1-py3-none-any", "2a-py3-none-any"]),
            3 => {
                let mut list = Vec::new();
                for minor in ["39", "310", "311", "312", "313"] {
                    for platform in [
                        "manylinux_2_17_x86_64.manylinux2014_x86_64",
                        "manylinux_2_28_aarch64",
                        "musllinux_1_2_x86_64",
                    ] {
                        if self.random.chance(75) {
                            list.push(format!("cp{minor}-cp{minor}-{platform}"));
                        }
                    }
                }
                list.push("sdist".to_owned());
                list
            }
            4 => tags(&["py2.py3-none-any", "py3-none-any", "cp311-none-any", "sdist"]),
            5 => tags(&[
                "py3-none-manylinux_2_28_x86_64",
                "py3-none-manylinux_2_17_x86_64",
                "py3-none-manylinux1_x86_64",
                "py3-none-musllinux_1_1_aarch64",
                "py3-none-linux_aarch64",
                "sdist",
            ]),
            6 => tags(&[
                "cp310-cp310-manylinux_2_17_x86_64",
                "cp310-abi3-manylinux_2_12_x86_64.manylinux2010_x86_64",
                "py310-none-any",
                "py3-none-any",
            ]),
            7 => tags(&["cp311-cp311-win_amd64", "cp311-cp311-macosx_11_0_arm64", "py3-none-any"]),
            _ => tags(&[
                "1-cp39-abi3-manylinux_2_17_x86_64",
                "cp39-abi3-manylinux_2_17_x86_64",
                "cp312-abi3-manylinux_2_17_x86_64",
                "py39-none-any",
                "sdist",
            ]),
        }
    }

    fn requirements(&mut self, onto: &[Known], count: usize, markers: usize) -> Vec<Req> {
        let forks = if markers > 30 { 12 } else { 2 };
        let chosen: Vec<Known> = self.random.some(onto, count).into_iter().cloned().collect();
        let mut list = Vec::new();
        for known in chosen {
            let mut req = Req { name: known.name.clone(), ..Req::default() };
            if !known.extras.is_empty() && self.random.chance(45) {
                let count = self.random.number(1..3);
                req.extras = self.random.some(&known.extras, count).into_iter().cloned().collect();
                req.extras.sort();
            }
            req.spec = self.spec(&known);
            if self.random.chance(markers) {
                req.marker = markers::marker(self.random, 2);
            }
            if known.versions.len() > 1 && self.random.chance(forks) {
                // Two ways of a fork with a version each.
                let (one, other) = markers::fork(self.random);
                let versions = self.random.some(&known.versions, 2);
                if let [first, second] = versions.as_slice() {
                    list.push(Req { spec: format!("=={first}"), marker: one, ..req.clone() });
                    list.push(Req { spec: format!("=={second}"), marker: other, ..req });
                    continue;
                }
            }
            list.push(req);
        }
        list
    }

    fn spec(&mut self, known: &Known) -> String {
        // Most projects are to have a solution.
        if self.random.chance(78) {
            return String::new();
        }
        let version = self.random.pick(&known.versions).cloned().unwrap_or_default();
        match self.random.number(0..7) {
            0 => format!("=={version}"),
            1 => format!(">={version}"),
            2 => format!("<={version}"),
            3 if known.versions.len() > 1 => format!("!={version}"),
            4 => "<3".to_owned(),
            5 => ">=1,<4".to_owned(),
            _ => ">=0.5".to_owned(),
        }
    }

    /// An index with local versions, or with another version of something.
    fn second_index(&mut self, case: &mut Case) {
        let explicit = self.random.chance(60);
        let mut releases = Vec::new();
        let chosen: Vec<Known> = self.random.some(&self.names.clone(), 2).into_iter().cloned().collect();
        for known in chosen {
            let version = self.random.pick(&known.versions).cloned().unwrap_or_default();
            let version = if self.random.chance(60) && !version.contains("dev") {
                format!("{version}+cpu")
            } else {
                version
            };
            let files = self.files(&version);
            releases.push(Release { name: known.name, version, files, ..Release::default() });
        }
        case.indexes.push(Index { name: "other".to_owned(), explicit, releases });
    }

    fn trees(&mut self, case: &mut Case) {
        let forms =
            [Form::Folder, Form::Editable, Form::WheelFile, Form::WheelUrl, Form::SdistUrl, Form::Git];
        let count = self.random.number(1..3);
        let chosen: Vec<Known> = self.random.some(&self.names.clone(), count).into_iter().cloned().collect();
        for known in chosen {
            let form = self.random.pick(&forms).copied().unwrap_or_default();
            let mut tree =
                Tree { name: known.name.clone(), version: "9.0".to_owned(), form, ..Tree::default() };
            let others: Vec<Known> =
                self.names.iter().filter(|other| other.name > known.name).cloned().collect();
            tree.requires = self.requirements(&others, 1, 20);
            for extra in &known.extras {
                let list = self.requirements(&others, 1, 10);
                tree.extras.insert(extra.clone(), list);
            }
            case.trees.push(tree);
        }
    }

    fn member(&mut self, name: &str, python: &str, case: &Case) -> Member {
        let names = self.names.clone();
        let count = self.random.number(1..5);
        let mut member = Member { name: name.to_owned(), python: python.to_owned(), ..Member::default() };
        member.requires = self.requirements(&names, count, 35);
        if self.traits.extras {
            for extra in ["cpu", "gpu", "all"] {
                if self.random.chance(40) {
                    let count = self.random.number(1..3);
                    let mut list = self.requirements(&names, count, 25);
                    if extra == "all" && !member.extras.is_empty() {
                        let known: Vec<String> = member.extras.keys().cloned().collect();
                        list.push(Req { name: name.to_owned(), extras: known, ..Req::default() });
                    }
                    member.extras.insert(extra.to_owned(), list);
                }
            }
        }
        if self.traits.groups {
            for group in ["dev", "docs", "lint"] {
                if self.random.chance(40) {
                    let count = self.random.number(1..3);
                    let reqs = self.requirements(&names, count, 25);
                    let mut items: Vec<Item> = reqs.into_iter().map(Item::Req).collect();
                    let known: Vec<String> = member.groups.keys().cloned().collect();
                    if let Some(other) = self.random.pick(&known).cloned()
                        && self.random.chance(50)
                    {
                        items.push(Item::Include(other));
                    }
                    member.groups.insert(group.to_owned(), items);
                }
            }
        }
        // What is in no index has to be asked for by somebody.
        for tree in &case.trees {
            if name == "demo"
                && !member.requires.iter().any(|req| req.name == tree.name)
                && self.random.chance(80)
            {
                member.requires.push(Req { name: tree.name.clone(), ..Req::default() });
            }
        }
        member.package = name != "demo" && self.random.chance(80);
        member
    }

    fn workspace(&mut self, case: &mut Case, python: &str) {
        let count = self.random.number(1..3);
        for name in ["engine", "shop"].iter().take(count) {
            let mut member = self.member(name, python, case);
            if *name == "shop" && self.random.chance(50) {
                member.requires.push(self.of_member("engine", case));
                member.sources.insert("engine".to_owned(), vec![workspace()]);
            }
            case.members.push(member);
        }
        let names: Vec<String> = case.members.iter().skip(1).map(|member| member.name.clone()).collect();
        for name in names {
            if self.random.chance(70) {
                let req = self.of_member(&name, case);
                if let Some(main) = case.members.first_mut() {
                    if self.random.chance(75) {
                        main.requires.push(req);
                    } else if let Some((_, list)) = main.extras.iter_mut().next() {
                        list.push(req);
                    }
                    main.sources.insert(name, vec![workspace()]);
                }
            }
        }
    }

    /// A requirement of a member, with some of its extras.
    fn of_member(&mut self, name: &str, case: &Case) -> Req {
        let member = case.members.iter().find(|member| member.name == name);
        let extras: Vec<String> =
            member.map(|member| member.extras.keys().cloned().collect()).unwrap_or_default();
        let count = self.random.number(0..2);
        let extras = self.random.some(&extras, count).into_iter().cloned().collect();
        let marker = if self.random.chance(15) { markers::marker(self.random, 1) } else { String::new() };
        Req { name: name.to_owned(), extras, spec: String::new(), marker }
    }

    fn settings(&mut self, case: &mut Case) {
        if self.random.chance(8) {
            let names = self.names.clone();
            case.overrides = self.requirements(&names, 1, 30);
        }
        if self.random.chance(10) {
            let names = self.names.clone();
            case.constraints = self.requirements(&names, 1, 20);
        }
        if self.random.chance(8) {
            let one = ["sys_platform == 'linux'", "sys_platform == 'linux' and platform_machine == 'x86_64'"];
            case.environments.extend(self.random.pick(&one).map(|marker| (*marker).to_owned()));
        }
        if self.random.chance(12) {
            let lines = [
                "prerelease = \"allow\"",
                "resolution = \"lowest-direct\"",
                "index-strategy = \"unsafe-best-match\"",
                "fork-strategy = \"fewest\"",
                "resolution = \"lowest\"",
            ];
            case.settings.extend(self.random.pick(&lines).map(|line| (*line).to_owned()));
        }
        if self.random.chance(30) {
            self.conflict(case);
        }
    }

    /// Two extras or groups that want different versions of one package.
    fn conflict(&mut self, case: &mut Case) {
        let several: Vec<Known> =
            self.names.iter().filter(|known| known.versions.len() > 1).cloned().collect();
        let Some(known) = self.random.pick(&several).cloned() else { return };
        let place = if case.members.len() > 1 && self.random.chance(40) { 1 } else { 0 };
        let Some(member) = case.members.get_mut(place) else { return };
        let package = if place == 0 { String::new() } else { member.name.clone() };
        let sides = match self.random.number(0..3) {
            0 => [("cpu", ""), ("gpu", "")],
            1 => [("", "dev"), ("", "docs")],
            _ => [("cpu", ""), ("", "docs")],
        };
        let mut set = Vec::new();
        for ((extra, group), version) in sides.into_iter().zip(&known.versions) {
            let req = Req { name: known.name.clone(), spec: format!("=={version}"), ..Req::default() };
            if extra.is_empty() {
                member.groups.entry(group.to_owned()).or_default().push(Item::Req(req));
            } else {
                member.extras.entry(extra.to_owned()).or_default().push(req);
            }
            set.push(ConflictItem {
                package: package.clone(),
                extra: extra.to_owned(),
                group: group.to_owned(),
            });
        }
        // A third side of which nothing else is known, and a group that names one of the extras.
        if self.random.chance(25) && member.extras.contains_key("all") {
            set.push(ConflictItem {
                package: package.clone(),
                extra: "all".to_owned(),
                group: String::new(),
            });
        }
        if self.random.chance(20) && member.extras.contains_key("cpu") {
            let name = member.name.clone();
            let req = Req { name, extras: vec!["cpu".to_owned()], ..Req::default() };
            member.groups.entry("lint".to_owned()).or_default().push(Item::Req(req));
        }
        case.conflicts.push(set);
        if place == 1 && self.random.chance(60) {
            let req = Req { name: package, extras: vec!["cpu".to_owned()], ..Req::default() };
            if let Some(main) = case.members.first_mut() {
                main.sources.insert(req.name.clone(), vec![workspace()]);
                main.requires.retain(|other| other.name != req.name);
                main.requires.push(req);
            }
        }
    }

    /// Names a source for what has one.
    fn use_sources(&mut self, case: &mut Case) {
        let trees: Vec<String> = case.trees.iter().map(|tree| tree.name.clone()).collect();
        let other: BTreeSet<String> = case
            .indexes
            .get(1)
            .map(|index| index.releases.iter().map(|r| r.name.clone()).collect())
            .unwrap_or_default();
        let mut origins: BTreeMap<String, Origin> = BTreeMap::new();
        for name in other {
            if self.random.chance(70) {
                let marker =
                    if self.random.chance(40) { markers::fork(self.random).0 } else { String::new() };
                origins.insert(name, Origin { from: "other".to_owned(), marker, ..Origin::default() });
            }
        }
        for name in trees {
            let marker = if self.random.chance(25) { markers::fork(self.random).0 } else { String::new() };
            origins.insert(name, Origin { from: "tree".to_owned(), marker, ..Origin::default() });
        }
        for member in &mut case.members {
            for (name, origin) in &origins {
                member.sources.entry(name.clone()).or_insert_with(|| vec![origin.clone()]);
            }
        }
    }

    fn targets(&mut self, case: &mut Case) {
        let count = if self.traits.one_machine { 1 } else { self.random.number(2..4) };
        while case.targets.len() < count {
            let python = *self.random.pick(&PYTHONS).unwrap_or(&"3.11.7");
            let machine = *self.random.pick(&MACHINES).unwrap_or(&"x86_64-glibc-2.36");
            let target = format!("{python}-{machine}");
            if !case.targets.contains(&target) {
                case.targets.push(target);
            }
        }
    }

    fn asks(&mut self, case: &mut Case) {
        let mut asks = BTreeSet::from([Ask::default()]);
        for _ in 0..3 {
            let number = if self.random.chance(35) { self.random.number(0..case.members.len()) } else { 0 };
            let Some(member) = case.members.get(number) else { continue };
            let mut ask = Ask::default();
            if number > 0 {
                ask.member.clone_from(&member.name);
            }
            let extras: Vec<String> = member.extras.keys().cloned().collect();
            let groups: Vec<String> = member.groups.keys().cloned().collect();
            let (some_extras, some_groups) = (self.random.number(0..3), self.random.number(0..3));
            ask.extras = self.random.some(&extras, some_extras).into_iter().cloned().collect();
            ask.groups = self.random.some(&groups, some_groups).into_iter().cloned().collect();
            ask.extras.sort();
            ask.groups.sort();
            asks.insert(ask);
        }
        case.asks = asks.into_iter().collect();
    }
}

fn workspace() -> Origin {
    Origin { from: "workspace".to_owned(), ..Origin::default() }
}
