//! Random cases of the kinds that hurt.

use std::collections::{BTreeMap, BTreeSet};

use super::case::{Ask, Case, ConflictItem, Index, Item, Member, Origin, Req};
use super::markers;
use super::traits::{Extras, Traits};
use crate::random::Random;

const NAMES: [&str; 9] = ["alpha", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india"];
const PYTHONS: [&str; 5] = ["3.9.18", "3.10.13", "3.11.7", "3.12.1", "3.13.0"];
const MACHINES: [&str; 5] =
    ["x86_64-glibc-2.36", "aarch64-glibc-2.36", "x86_64-musl-1.2", "aarch64-musl-1.2", "x86_64-glibc-2.17"];

/// A case of a kind.
pub(crate) fn case(kind: &str, random: &mut Random) -> Case {
    Generator { random, traits: Traits::of(kind), names: Vec::new() }.case(kind)
}

/// What makes a case.
pub(crate) struct Generator<'r> {
    /// The choices.
    pub(crate) random: &'r mut Random,
    /// What the tool can have.
    pub(crate) traits: Traits,
    /// The packages that there are, each with its versions and extras.
    pub(crate) names: Vec<Known>,
}

/// A package that there is.
#[derive(Clone, Debug, Default)]
pub(crate) struct Known {
    /// Its name.
    pub(crate) name: String,
    /// Its versions.
    pub(crate) versions: Vec<String>,
    /// Its extras.
    pub(crate) extras: Vec<String>,
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
        if self.random.chance(25) {
            self.second_index(&mut case);
        }
        if !self.traits.trees.is_empty() && self.random.chance(25) {
            self.trees(&mut case);
        }
        let pythons: &[&str] = if self.traits.uv {
            &[">=3.9", ">=3.9", ">=3.8", ">=3.10", ">=3.9,<3.13", ">=3.10,!=3.11.*"]
        } else {
            // The Python that the other tools run on is one that the project is for.
            &[">=3.9", ">=3.10", ">=3.9,<3.13", ">=3.9,!=3.10.*"]
        };
        let python = *self.random.pick(pythons).unwrap_or(&">=3.9");
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

    fn member(&mut self, name: &str, python: &str, case: &Case) -> Member {
        let names = self.names.clone();
        let count = self.random.number(1..5);
        let mut member = Member { name: name.to_owned(), python: python.to_owned(), ..Member::default() };
        member.requires = self.requirements(&names, count, 35);
        if self.traits.extras != Extras::No {
            for extra in ["cpu", "gpu", "all"] {
                if self.random.chance(40) {
                    let count = self.random.number(1..3);
                    let mut list = self.requirements(&names, count, 25);
                    if extra == "all" && self.traits.extras == Extras::Own && !member.extras.is_empty() {
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
        let marker = if self.random.chance(15) {
            markers::marker(self.random, self.traits.markers, 1)
        } else {
            String::new()
        };
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
        let place = usize::from(case.members.len() > 1 && self.random.chance(40));
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
        let count = self.random.number(2..4);
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
