//! The packages that a random project can ask for: their releases and files, and requirements of them.

use super::case::{Case, Index, Release, Req, Tree};
use super::generate::{Generator, Known};
use super::markers::{self, Style};

const VERSIONS: [&str; 9] = ["1.0", "1.1", "1.2.3", "2.0", "2.1.post1", "3.0", "2.2rc1", "3.1.dev2", "1!0.5"];

impl Generator<'_> {
    pub(crate) fn known(&mut self, name: &str) -> Known {
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

    pub(crate) fn releases(&mut self) -> Vec<Release> {
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
                let bounded = if self.traits.uv { 25 } else { 6 };
                if self.random.chance(if plain { 3 } else { bounded }) {
                    let python =
                        self.random.pick(&[">=3.9", ">=3.10", ">=3.11", "<3.13", ">=3.8,!=3.10.*", ">=3.12"]);
                    python.copied().unwrap_or_default().clone_into(&mut release.python);
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
    pub(crate) fn files(&mut self, version: &str) -> Vec<String> {
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

    pub(crate) fn requirements(&mut self, onto: &[Known], count: usize, markers: usize) -> Vec<Req> {
        let style = self.traits.markers;
        let depth = if style == Style::NoLists { 1 } else { 2 };
        let forks = match style {
            Style::NoLists => 0,
            _ if markers > 30 => 12,
            _ => 2,
        };
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
                req.marker = markers::marker(self.random, style, depth);
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

    pub(crate) fn spec(&mut self, known: &Known) -> String {
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
    pub(crate) fn second_index(&mut self, case: &mut Case) {
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

    pub(crate) fn trees(&mut self, case: &mut Case) {
        let count = self.random.number(1..3);
        let chosen: Vec<Known> = self.random.some(&self.names.clone(), count).into_iter().cloned().collect();
        for known in chosen {
            let form = self.random.pick(self.traits.trees).copied().unwrap_or_default();
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
}
