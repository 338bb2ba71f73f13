//! Random markers: every variable, every operator, nested.

use crate::random::Random;

const MINORS: [&str; 5] = ["3.9", "3.10", "3.11", "3.12", "3.13"];
const FULL: [&str; 6] = ["3.9.18", "3.10", "3.10.13", "3.11.7", "3.12.0", "3.12.1"];
const ORDER: [&str; 6] = ["<", "<=", ">", ">=", "==", "!="];

/// Which markers a tool reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    /// All that the specification allows.
    Everything,
    /// Comparisons with the variable first.
    NotReversed,
    /// The same, without lists of Python versions, and not nested.
    NoLists,
}

/// A marker that nests at most `depth` deep.
pub(crate) fn marker(random: &mut Random, style: Style, depth: usize) -> String {
    if depth == 0 || random.chance(50) {
        return comparison(random, style);
    }
    let word = if random.chance(50) { "and" } else { "or" };
    let count = random.number(2..4);
    let parts: Vec<String> = (0..count)
        .map(|_| {
            let part = marker(random, style, depth - 1);
            if part.contains(" or ") || part.contains(" and ") { format!("({part})") } else { part }
        })
        .collect();
    parts.join(&format!(" {word} "))
}

/// Two markers of which exactly one holds on every machine: the ways of a fork.
pub(crate) fn fork(random: &mut Random) -> (String, String) {
    let minor = *random.pick(&MINORS[1..]).unwrap_or(&"3.11");
    let pairs = [
        (format!("python_version < '{minor}'"), format!("python_version >= '{minor}'")),
        (format!("python_full_version >= '{minor}.2'"), format!("python_full_version < '{minor}.2'")),
        ("platform_machine == 'x86_64'".to_owned(), "platform_machine != 'x86_64'".to_owned()),
        ("sys_platform == 'linux'".to_owned(), "sys_platform != 'linux'".to_owned()),
        (
            format!("platform_machine == 'aarch64' and python_version < '{minor}'"),
            format!("platform_machine != 'aarch64' or python_version >= '{minor}'"),
        ),
    ];
    let number = random.number(0..pairs.len());
    let pair = pairs.into_iter().nth(number).unwrap_or_default();
    if random.chance(50) { pair } else { (pair.1, pair.0) }
}

fn comparison(random: &mut Random, style: Style) -> String {
    let order = |random: &mut Random| *random.pick(&ORDER).unwrap_or(&"==");
    let equality = |random: &mut Random| if random.chance(60) { "==" } else { "!=" };
    match random.number(0..14) {
        0..=3 => {
            let (op, value) = (order(random), random.pick(&MINORS).copied().unwrap_or("3.11"));
            if style == Style::Everything && random.chance(20) {
                format!("'{value}' {op} python_version")
            } else {
                format!("python_version {op} '{value}'")
            }
        }
        4 | 5 => {
            let (op, value) = (order(random), random.pick(&FULL).copied().unwrap_or("3.11.7"));
            format!("python_full_version {op} '{value}'")
        }
        6 if style != Style::NoLists => {
            let word = if random.chance(50) { "in" } else { "not in" };
            let some = random.some(&MINORS, 2);
            let text: Vec<&str> = some.into_iter().copied().collect();
            format!("python_version {word} '{}'", text.join(" "))
        }
        7 => {
            let value = random.pick(&MINORS).copied().unwrap_or("3.11");
            if random.chance(50) {
                format!("python_version ~= '{value}'")
            } else {
                format!("python_full_version == '{value}.*'")
            }
        }
        8 => {
            let value = random.pick(&["linux", "win32", "darwin"]).copied().unwrap_or("linux");
            format!("sys_platform {} '{value}'", equality(random))
        }
        9 => {
            let value = random.pick(&["x86_64", "aarch64", "arm64"]).copied().unwrap_or("x86_64");
            format!("platform_machine {} '{value}'", equality(random))
        }
        10 => {
            let value = random.pick(&["Linux", "Windows", "Darwin"]).copied().unwrap_or("Linux");
            format!("platform_system {} '{value}'", equality(random))
        }
        11 => {
            let word = if random.chance(50) { "in" } else { "not in" };
            match random.number(0..3) {
                0 => format!("sys_platform {word} 'linux darwin'"),
                1 => format!("platform_machine {word} 'x86_64 arm64'"),
                _ => format!("'linux' {word} sys_platform"),
            }
        }
        12 => match random.number(0..2) {
            0 => format!("os_name {} 'posix'", equality(random)),
            _ => format!("implementation_name {} 'cpython'", equality(random)),
        },
        _ => {
            let value = random.pick(&["CPython", "PyPy"]).copied().unwrap_or("CPython");
            format!("platform_python_implementation {} '{value}'", equality(random))
        }
    }
}
