//! Wheels as the specifications want them, with everything that they allow.

use std::fmt::Write as _;

use super::draft::{Draft, Edit, Member};
use super::{hostile, odd};
use crate::random::Random;

/// Names as METADATA has them.
const NAMES: [&str; 8] = ["demo", "Demo", "demo-pkg", "Demo.Pkg", "demo_pkg", "zope.demo", "d3mo", "a-b.c_d"];

const VERSIONS: [&str; 9] =
    ["1.0", "1.0.post1", "2024.1.1", "1!2.0", "1.0+local.1", "0.0.0", "1.0a1", "2.0rc1.dev3", "10"];

const TAGS: [&str; 6] = [
    "py3-none-any",
    "py2.py3-none-any",
    "py3-none-manylinux2014_x86_64.manylinux_2_17_x86_64.linux_x86_64",
    "cp38-abi3-manylinux_2_17_x86_64.manylinux2014_x86_64",
    "py38-none-any",
    "1-py3-none-any",
];

/// Texts that a line or a name of a file can have.
const FILES: [&str; 14] = [
    "a.py",
    "sub/b.py",
    "sub/deep/er/c.txt",
    "with space.txt",
    "with,comma.txt",
    "with\"quote.txt",
    "ünï/çödé.py",
    "日本.txt",
    "emoji \u{1f40d}.txt",
    "UPPER.TXT",
    ".hidden",
    "no_ending",
    "'single'.txt",
    "per%20cent&.txt",
];

/// A wheel of a kind.
pub(super) fn draft(kind: &str, random: &mut Random) -> Draft {
    let mut draft = usual(random);
    match kind {
        "odd" => odd::make(&mut draft, random),
        "hostile" => hostile::make(&mut draft, random),
        _ => {}
    }
    draft
}

fn usual(random: &mut Random) -> Draft {
    let name = random.pick(&NAMES).copied().unwrap_or("demo");
    let version = random.pick(&VERSIONS).copied().unwrap_or("1.0");
    let tags = if random.chance(50) {
        "py3-none-any"
    } else {
        random.pick(&TAGS).copied().unwrap_or("py3-none-any")
    };
    let mut draft = Draft::new(name, version, tags);
    let package = name.replace(['-', '.'], "_").to_lowercase();
    let is_namespace = random.chance(15);
    if !is_namespace {
        draft.add(&format!("{package}/__init__.py"), "x = 1\n");
    }
    for _ in 0..random.number(1..5) {
        let file = random.pick(&FILES).copied().unwrap_or("a.py");
        let path = format!("{package}/{file}");
        if draft.member(&path).is_none() {
            let member = draft.add(&path, "print('a file')\n");
            describe(member, random);
        }
    }
    metadata(&mut draft, name, version, random);
    wheel(&mut draft, tags, random);
    if random.chance(40) {
        entry_points(&mut draft, &package, random);
    }
    if random.chance(45) {
        data(&mut draft, &package, random);
    }
    extras(&mut draft, &package, random);
    draft
}

/// How a member is stored.
fn describe(member: &mut Member, random: &mut Random) {
    match random.number(0..10) {
        0 => member.text.clear(),
        1 => member.mode = Some(0o100_755),
        2 => member.mode = Some(0o100_700),
        3 => member.mode = Some(0o100_600),
        4 => member.mode = Some(0o100_444),
        5 => member.mode = Some(0o100_664),
        6 => member.mode = Some(0),
        _ => {}
    }
    match random.number(0..8) {
        0 => member.method = Some(0),
        1 => member.descriptor = true,
        // 1 January 2107.
        2 => member.date = Some((127 << 9) | (1 << 5) | 1),
        _ => {}
    }
}

fn metadata(draft: &mut Draft, name: &str, version: &str, random: &mut Random) {
    let versions = ["1.0", "1.1", "1.2", "2.0", "2.1", "2.2", "2.3", "2.4"];
    let format = random.pick(&versions).copied().unwrap_or("2.1");
    let mut text =
        format!("Metadata-Version: {format}\nName: {name}\nVersion: {version}\nSummary: a wheel\n");
    if random.chance(30) {
        text.push_str("Requires-Dist: idna>=3 ; python_version > \"3\"\nProvides-Extra: more\n");
    }
    if random.chance(20) {
        text.push_str("Author: Jürgen Ångström\nDescription: folded\n        over lines\n");
    }
    if format == "2.4" {
        text.push_str("License-Expression: MIT\nLicense-File: LICENSE\n");
        let path = draft.info("licenses/LICENSE");
        draft.add(&path, "free\n");
    }
    if random.chance(40) {
        text.push_str("\n# Demo\n\nName: other\nVersion: 9\n");
    }
    if random.chance(10) {
        text = text.replace('\n', "\r\n");
    }
    let path = draft.info("METADATA");
    if let Some(member) = draft.member(&path) {
        member.text = text;
    }
}

fn wheel(draft: &mut Draft, tags: &str, random: &mut Random) {
    let purelib = if random.chance(50) { "true" } else { "false" };
    let mut text = format!("Wheel-Version: 1.{}\nGenerator: oracle 1\n", i32::from(random.chance(10)));
    let _ = writeln!(text, "Root-Is-Purelib: {purelib}");
    let (build, tags) = match tags.split('-').collect::<Vec<_>>().as_slice() {
        [build, python, abi, platform] => {
            (Some((*build).to_owned()), [*python, *abi, *platform].map(str::to_owned))
        }
        [python, abi, platform] => (None, [*python, *abi, *platform].map(str::to_owned)),
        _ => (None, ["py3", "none", "any"].map(str::to_owned)),
    };
    let [python, abi, platform] = &tags;
    for python in python.split('.') {
        for platform in platform.split('.') {
            let _ = writeln!(text, "Tag: {python}-{abi}-{platform}");
        }
    }
    if let Some(build) = build {
        let _ = writeln!(text, "Build: {build}");
    }
    let path = draft.info("WHEEL");
    if let Some(member) = draft.member(&path) {
        member.text = text;
    }
}

fn entry_points(draft: &mut Draft, package: &str, random: &mut Random) {
    let mut text = String::new();
    if random.chance(80) {
        text.push_str("[console_scripts]\n");
        for line in
            ["run = {}:main", "run-more={}.cli:App.main", "run.dot = {}.a.b:f [more]", "Run_9 = {}:main"]
        {
            if random.chance(50) {
                text.push_str(&line.replace("{}", package));
                text.push('\n');
            }
        }
    }
    if random.chance(40) {
        let _ = write!(text, "\n[gui_scripts]\nrun-gui = {package}.gui:main [more,less]\n");
    }
    if random.chance(40) {
        let _ = write!(text, "\n[{package}.plugins]\none = {package}.plugin\ntwo = {package}.plugin:Two\n");
    }
    let path = draft.info("entry_points.txt");
    draft.add(&path, &text);
}

/// Every part of `.data`.
fn data(draft: &mut Draft, package: &str, random: &mut Random) {
    let parts: [(&str, &str); 15] = [
        ("purelib/pure_mod.py", "pure = 1\n"),
        ("platlib/plat_mod.py", "plat = 1\n"),
        ("platlib/{}/native.so", "\u{7f}ELF"),
        ("headers/demo.h", "int x;\n"),
        ("headers/sub/more.h", "int y;\n"),
        ("scripts/plain", "#!python\nprint(1)\n"),
        ("scripts/windows", "#!pythonw\nprint(1)\n"),
        ("scripts/options", "#!python -E -s\r\nprint(1)\n"),
        ("scripts/shell", "#!/bin/sh\necho 1\n"),
        ("scripts/native", "\u{7f}ELF\u{1}\u{2}#!python\n"),
        ("scripts/fixed", "#!/usr/bin/env python3\nprint(1)\n"),
        ("data/share/{}/data.txt", "data\n"),
        ("data/etc/{}.conf", "conf\n"),
        ("data/lib64/native.so", "so\n"),
        ("data/bin/direct", "#!python\nprint(2)\n"),
    ];
    for (path, text) in parts {
        if random.chance(30) {
            let path = draft.data(&path.replace("{}", package));
            describe(draft.add(&path, text), random);
        }
    }
}

/// What else wheels have.
fn extras(draft: &mut Draft, package: &str, random: &mut Random) {
    let own: [(&str, &str); 9] = [
        ("top_level.txt", "demo\n"),
        ("licenses/sub/LICENSE, more.txt", "free\n"),
        ("sboms/a.json", "{}"),
        ("INSTALLER", "other\n"),
        ("REQUESTED", ""),
        ("direct_url.json", "{\"url\": \"https://x.example\"}"),
        ("RECORD.jws", "{}"),
        ("zip-safe", "\n"),
        ("WHEEL.extra", ""),
    ];
    for (file, text) in own {
        if random.chance(8) {
            let path = draft.info(file);
            draft.add(&path, text).unlisted = file == "RECORD.jws";
        }
    }
    if random.chance(10) {
        draft.add(&format!("{package}-nspkg.pth"), "import sys\n");
    }
    if random.chance(10) {
        draft.add(&format!("{package}/vendored/other-2.0.dist-info/METADATA"), "Name: other\nVersion: 2.0\n");
        draft.add(&format!("{package}/vendored/other-2.0.dist-info/RECORD"), "x,,\n");
    }
    if random.chance(8) {
        draft.add("other-1.0.data/scripts/x", "#!python\n");
    }
    if random.chance(10) {
        draft.add(&format!("{package}/"), "").mode = Some(0o040_755);
        draft.add(&format!("{package}/empty/"), "").mode = Some(0o040_755);
    }
    if random.chance(8) {
        draft.add(&format!("{package}/__pycache__/a.cpython-311.pyc"), "\u{1}\u{2}");
    }
    if random.chance(10) {
        let member = draft.insert(Member {
            name: format!("{package}/binary.bin"),
            text: "\u{0}\u{ff}\u{fe}\u{80}PK\u{3}\u{4}".repeat(40),
            raw: true,
            ..Member::default()
        });
        describe(member, random);
    }
    if random.chance(10) {
        draft.record.push(Edit::Early);
    }
    if random.chance(8) {
        draft.record.push(Edit::Sha512(format!("{package}/__init__.py")));
    }
}
