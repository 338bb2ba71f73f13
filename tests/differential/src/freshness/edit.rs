//! Random edits of a project.

use super::edited::{Edited, Text};
use crate::random::Random;
use crate::selection::case::{Case, Form, Index, Item, Member, Origin, Req};
use crate::selection::markers;
use crate::selection::traits::{Extras, Traits};

/// What makes an edit.
pub(super) struct Editor<'r> {
    pub(super) random: &'r mut Random,
    traits: Traits,
    pub(super) case: Case,
    texts: Vec<Text>,
}

/// An edit of `before`.
pub(crate) fn edit(before: &Case, random: &mut Random) -> Edited {
    let traits = Traits::of(&before.kind);
    let mut editor = Editor { random, traits, case: before.clone(), texts: Vec::new() };
    let mut what = Vec::new();
    // Most edits are one change. Several at once may hide one another.
    let count = if editor.random.chance(85) { 1 } else { 2 };
    for _ in 0..count {
        what.push(editor.change());
    }
    let Editor { case, texts, .. } = editor;
    Edited { what: what.join(" and "), before: before.clone(), after: case, texts }
}

impl Editor<'_> {
    fn change(&mut self) -> &'static str {
        let uv = self.case.kind == "uv";
        loop {
            let made = match self.random.number(0..30) {
                0 => Some("nothing"),
                1 | 2 => self.add_requirement(),
                3 => self.remove_requirement(),
                4 | 5 => self.bounds(),
                6 | 7 => self.marker(),
                8 => self.extras_of_a_requirement(),
                9 | 10 => self.an_extra(),
                11 | 12 => self.a_group(),
                13 | 14 => self.source(),
                15 => self.python(),
                16..=19 if uv => self.setting(),
                20 | 21 if uv => self.member(),
                22 => self.spelling(),
                23 => self.order(),
                24 | 25 => self.layout(),
                26 if uv => self.build_system(),
                27 if uv => Some(self.index()),
                28 => self.folder(),
                29 => self.other_tables(),
                _ => None,
            };
            if let Some(made) = made {
                return made;
            }
        }
    }

    /// A member: mostly the project itself.
    fn any_member(&mut self) -> usize {
        if self.random.chance(65) { 0 } else { self.random.number(0..self.case.members.len()) }
    }

    fn names(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.case.indexes.iter().flat_map(|index| &index.releases).map(|one| one.name.clone()).collect();
        names.sort();
        names.dedup();
        names
    }

    pub(super) fn new_requirement(&mut self) -> Req {
        let names = self.names();
        let name = self.random.pick(&names).cloned().unwrap_or_default();
        let marker = if self.random.chance(25) {
            markers::marker(self.random, self.traits.markers, 1)
        } else {
            String::new()
        };
        let spec = if self.random.chance(30) { ">=0.5".to_owned() } else { String::new() };
        Req { name, extras: Vec::new(), spec, marker }
    }

    /// A list of requirements: the project's own, those of an extra or of a group.
    fn list(&mut self) -> Option<&mut Req> {
        let place = self.any_member();
        let which = self.random.number(0..6);
        let member = self.case.members.get_mut(place)?;
        let mut reqs: Vec<&mut Req> = match which {
            0 | 1 => member.extras.values_mut().flatten().collect(),
            2 => {
                let items = member.groups.values_mut().flatten();
                items
                    .filter_map(|item| match item {
                        Item::Req(req) => Some(req),
                        Item::Include(_) => None,
                    })
                    .collect()
            }
            _ => member.requires.iter_mut().collect(),
        };
        if reqs.is_empty() {
            return None;
        }
        let number = self.random.number(0..reqs.len());
        Some(reqs.swap_remove(number))
    }

    fn add_requirement(&mut self) -> Option<&'static str> {
        let place = self.any_member();
        let req = self.new_requirement();
        let member = self.case.members.get_mut(place)?;
        member.requires.push(req);
        Some("a requirement is added")
    }

    fn remove_requirement(&mut self) -> Option<&'static str> {
        let place = self.any_member();
        let member = self.case.members.get_mut(place)?;
        if member.requires.is_empty() {
            return None;
        }
        let number = self.random.number(0..member.requires.len());
        member.requires.remove(number);
        Some("a requirement is removed")
    }

    fn bounds(&mut self) -> Option<&'static str> {
        let specs = ["", ">=0.5", ">=1", "<4", ">=1,<4", "!=1.1", ">=0.4", "<=3", ">=1.0"];
        let spec = *self.random.pick(&specs)?;
        let req = self.list()?;
        if req.spec == spec {
            return None;
        }
        spec.clone_into(&mut req.spec);
        Some("bounds are changed")
    }

    fn marker(&mut self) -> Option<&'static str> {
        let marker = match self.random.number(0..3) {
            0 => String::new(),
            1 => markers::marker(self.random, self.traits.markers, 1),
            _ => {
                // True for every Python of the project, or the same in other words.
                let texts = [
                    "python_version >= '3.8'",
                    "python_full_version >= '3.9'",
                    "sys_platform == 'linux' or sys_platform != 'linux'",
                    "python_version < '3'",
                    "os_name == 'posix' and sys_platform == 'linux'",
                    "python_version > '3.9' and python_version <= '3.12'",
                    "python_version >= '3.10' and python_version < '3.13'",
                ];
                (*self.random.pick(&texts)?).to_owned()
            }
        };
        let wrap = self.random.chance(30);
        let req = self.list()?;
        let marker = if wrap && !req.marker.is_empty() {
            // The same marker in other words.
            format!("(({}) and (sys_platform == 'linux' or sys_platform != 'linux'))", req.marker)
        } else {
            marker
        };
        if req.marker == marker {
            return None;
        }
        req.marker = marker;
        Some("a marker is changed")
    }

    fn extras_of_a_requirement(&mut self) -> Option<&'static str> {
        let extras: Vec<String> = match self.random.number(0..3) {
            0 => Vec::new(),
            1 => vec!["x".to_owned()],
            _ => vec!["y".to_owned(), "x".to_owned()],
        };
        let req = self.list()?;
        if req.extras == extras {
            return None;
        }
        req.extras = extras;
        Some("the extras of a requirement are changed")
    }

    fn an_extra(&mut self) -> Option<&'static str> {
        if self.traits.extras == Extras::No {
            return None;
        }
        let place = self.any_member();
        let req = self.new_requirement();
        let (action, fill) = (self.random.number(0..4), self.random.chance(60));
        let member = self.case.members.get_mut(place)?;
        match action {
            0 => {
                let list = if fill { vec![req] } else { Vec::new() };
                member.extras.insert("fresh".to_owned(), list);
                Some("an extra is added")
            }
            1 => {
                member.extras.pop_last()?;
                Some("an extra is removed")
            }
            2 => {
                let (_, list) = member.extras.pop_first()?;
                member.extras.insert("renamed".to_owned(), list);
                Some("an extra is renamed")
            }
            _ => {
                member.extras.values_mut().next()?.push(req);
                Some("an extra gets more")
            }
        }
    }

    fn a_group(&mut self) -> Option<&'static str> {
        if !self.traits.groups {
            return None;
        }
        let place = self.any_member();
        let req = self.new_requirement();
        let (action, fill) = (self.random.number(0..5), self.random.chance(60));
        let member = self.case.members.get_mut(place)?;
        match action {
            0 => {
                let list = if fill { vec![Item::Req(req)] } else { Vec::new() };
                member.groups.insert("fresh".to_owned(), list);
                Some("a group is added")
            }
            1 => {
                member.groups.pop_last()?;
                Some("a group is removed")
            }
            2 => {
                let (_, list) = member.groups.pop_first()?;
                member.groups.insert("renamed".to_owned(), list);
                Some("a group is renamed")
            }
            3 => {
                let other = member.groups.keys().next()?.clone();
                member.groups.insert("outer".to_owned(), vec![Item::Include(other)]);
                Some("a group that includes another one is added")
            }
            _ => {
                member.groups.values_mut().next()?.push(Item::Req(req));
                Some("a group gets more")
            }
        }
    }

    fn source(&mut self) -> Option<&'static str> {
        let place = self.any_member();
        let trees: Vec<(String, Form)> =
            self.case.trees.iter().map(|tree| (tree.name.clone(), tree.form)).collect();
        let other: Vec<String> =
            self.case.indexes.get(1).into_iter().flat_map(|i| &i.releases).map(|r| r.name.clone()).collect();
        let marker = if self.random.chance(30) { markers::fork(self.random).0 } else { String::new() };
        let action = self.random.number(0..4);
        let name = match action {
            0 => self.random.pick(&trees)?.0.clone(),
            1 => self.random.pick(&other)?.clone(),
            _ => {
                let known: Vec<String> = self.case.members.get(place)?.sources.keys().cloned().collect();
                self.random.pick(&known)?.clone()
            }
        };
        let form = self.random.pick(&[Form::Folder, Form::Editable]).copied().unwrap_or_default();
        let member = self.case.members.get_mut(place)?;
        let before = member.sources.clone();
        let from = |from: &str| Origin { from: from.to_owned(), marker: marker.clone(), ..Origin::default() };
        match action {
            0 => drop(member.sources.insert(name, vec![from("tree")])),
            1 => drop(member.sources.insert(name, vec![from("other")])),
            2 => drop(member.sources.remove(&name)),
            _ => {
                if let Some(tree) = self.case.trees.iter_mut().find(|tree| tree.name == name)
                    && matches!(tree.form, Form::Folder | Form::Editable)
                    && tree.form != form
                {
                    tree.form = form;
                    return Some("a folder is editable or is not");
                }
                member.sources.get_mut(&name)?.first_mut()?.marker = marker;
            }
        }
        (member.sources != before).then_some("a source is changed")
    }

    fn python(&mut self) -> Option<&'static str> {
        let place = self.any_member();
        let texts = [
            ">=3.9",
            ">=3.10",
            ">=3.11",
            ">=3.9,<3.13",
            ">=3.9,<4",
            ">=3.9.0",
            ">= 3.9",
            ">3.8",
            ">=3.9,!=3.10.*",
        ];
        let text = *self.random.pick(&texts)?;
        let member = self.case.members.get_mut(place)?;
        if member.python == text {
            return None;
        }
        text.clone_into(&mut member.python);
        Some("requires-python is changed")
    }

    fn member(&mut self) -> Option<&'static str> {
        if self.random.chance(50) || self.case.members.len() == 1 {
            let req = self.new_requirement();
            let python = self.case.members.first()?.python.clone();
            let package = self.random.chance(60);
            let requires = if self.random.chance(60) { vec![req] } else { Vec::new() };
            let sources = self.case.members.first()?.sources.clone();
            let member = Member {
                name: "extra-one".to_owned(),
                python,
                package,
                requires,
                sources,
                ..Member::default()
            };
            self.case.members.push(member);
            return Some("a member is added");
        }
        let gone = self.case.members.pop()?.name;
        for member in &mut self.case.members {
            member.sources.remove(&gone);
            member.requires.retain(|req| req.name != gone);
            member.extras.values_mut().for_each(|list| list.retain(|req| req.name != gone));
            let keep = |item: &Item| !matches!(item, Item::Req(req) if req.name == gone);
            member.groups.values_mut().for_each(|list| list.retain(keep));
        }
        for set in &mut self.case.conflicts {
            set.retain(|item| item.package != gone);
        }
        Some("a member is removed")
    }

    fn spelling(&mut self) -> Option<&'static str> {
        let req = self.list()?;
        match req.spec.as_str() {
            ">=1,<4" => "<4,>=1".clone_into(&mut req.spec),
            ">=0.5" => ">=0.5.0".clone_into(&mut req.spec),
            "" if !req.name.contains("demo") => req.name = req.name.to_uppercase(),
            spec => req.spec = spec.replace(',', " , "),
        }
        Some("a requirement is spelled otherwise")
    }

    fn order(&mut self) -> Option<&'static str> {
        let place = self.any_member();
        let member = self.case.members.get_mut(place)?;
        member.requires.reverse();
        member.extras.values_mut().for_each(|list| list.reverse());
        member.groups.values_mut().for_each(|list| list.reverse());
        Some("the order is changed")
    }

    fn layout(&mut self) -> Option<&'static str> {
        let version = ("version = \"0.1.0\"", "version = \"0.2.0\"");
        let replace = |(from, to): (&str, &str)| Text::Replace(from.to_owned(), to.to_owned());
        let text = match self.random.number(0..6) {
            0 | 1 => Text::Comments,
            2 => Text::Spaces,
            3 => Text::Windows,
            4 if self.case.kind != "pipenv" => replace(version),
            5 if self.case.kind != "pipenv" => replace(("name = \"demo\"", "name = \"demo-two\"")),
            _ => return None,
        };
        let what = match &text {
            Text::Replace(from, _) if from.starts_with("version") => "the project's version is changed",
            Text::Replace(..) => "the project's name is changed",
            _ => "the layout is changed",
        };
        self.texts.push(text);
        Some(what)
    }

    fn build_system(&mut self) -> Option<&'static str> {
        let place = self.any_member();
        let member = self.case.members.get_mut(place)?;
        member.package = !member.package;
        Some("a member is a package or is not")
    }

    fn index(&mut self) -> &'static str {
        if self.case.indexes.len() > 1 && self.random.chance(50) {
            self.case.indexes.pop();
            for member in &mut self.case.members {
                member.sources.values_mut().for_each(|list| list.retain(|origin| origin.from != "other"));
                member.sources.retain(|_, list| !list.is_empty());
            }
            return "an index is removed";
        }
        let explicit = self.random.chance(50);
        let index = Index { name: "spare".to_owned(), explicit, releases: Vec::new() };
        if self.random.chance(40) {
            // The new default index has nothing.
            self.case.indexes.insert(0, index);
        } else {
            self.case.indexes.push(index);
        }
        "an index is added"
    }

    fn folder(&mut self) -> Option<&'static str> {
        let req = self.new_requirement();
        let number = self.random.number(0..3);
        let tree =
            self.case.trees.iter_mut().find(|tree| matches!(tree.form, Form::Folder | Form::Editable))?;
        match number {
            0 => tree.requires.push(req),
            1 => drop(tree.requires.pop()?),
            _ => drop(tree.extras.insert("fresh".to_owned(), vec![req])),
        }
        Some("a folder that is depended on is changed")
    }

    /// Tables that the tool reads for something else, or that decide more than the lists of requirements.
    fn other_tables(&mut self) -> Option<&'static str> {
        let name = self.names().first().cloned()?;
        let lines: Vec<String> = match self.case.kind.as_str() {
            "uv" => vec!["[tool.other]\nkey = 1\n".to_owned(), "[tool.ruff]\nline-length = 100\n".to_owned()],
            "poetry" => vec![
                format!("[tool.poetry.group.fresh.dependencies]\n{name} = \"*\"\n"),
                "[tool.poetry.group.fresh]\noptional = true\n[tool.poetry.group.fresh.dependencies]\n"
                    .to_owned(),
                "[tool.poetry.requires-plugins]\n\"export-plugin\" = \">1\"\n".to_owned(),
                "[tool.other]\nkey = 1\n".to_owned(),
                "[project.scripts]\nrun = \"demo:main\"\n".to_owned(),
            ],
            "pdm" => vec![
                "[tool.pdm.resolution]\nrespect-source-order = true\n".to_owned(),
                format!("[tool.pdm.resolution.overrides]\n{name} = \">=0.1\"\n"),
                format!("[tool.pdm.dev-dependencies]\nFresh_One = [\"{name}\"]\n"),
                "[tool.pdm.options]\nlock = [\"--no-isolation\"]\n".to_owned(),
                "[tool.pdm.scripts]\nrun = \"true\"\n".to_owned(),
                "[project.scripts]\nrun = \"demo:main\"\n".to_owned(),
            ],
            "pipenv" => vec![
                "[scripts]\nrun = \"true\"\n".to_owned(),
                "[requires]\npython_version = \"3\"\n".to_owned(),
                "[pipenv]\nallow_prereleases = true\n".to_owned(),
                format!("[fresh]\n{} = \"*\"\n", name.to_uppercase()),
                "[custom]\n".to_owned(),
            ],
            _ => return None,
        };
        let lines = self.random.pick(&lines)?.clone();
        self.texts.push(Text::Append(lines));
        Some("another table is added")
    }
}
