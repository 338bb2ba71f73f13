//! Follows symbolic links in a context as if the context were the root: an absolute target starts at the
//! context, and `..` does not leave it. The engine and its clients follow links in the same way.

use crate::spec::ContextPath;

/// The largest number of links in a path, as on Linux.
const MOST_LINKS: usize = 40;

/// The longest link target that is followed, in bytes, as on Linux.
const LONGEST_TARGET: usize = 4096;

/// The path without links that `path` leads to. `None` if links form a circle, or if there are too many.
/// `link` returns the target of the link at a path, or `None` if the path is not a link.
///
/// # Errors
/// The errors of `link`.
pub fn followed<E>(
    path: &ContextPath,
    mut link: impl FnMut(&str) -> Result<Option<String>, E>,
) -> Result<Option<ContextPath>, E> {
    let mut open: Vec<String> = path.as_str().split('/').rev().map(str::to_owned).collect();
    let mut done: Vec<String> = Vec::new();
    let mut left = MOST_LINKS;
    while let Some(part) = open.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.pop();
                continue;
            }
            _ => done.push(part),
        }
        let Some(target) = link(&done.join("/"))? else { continue };
        if left == 0 || target.len() > LONGEST_TARGET {
            return Ok(None);
        }
        left -= 1;
        done.pop();
        if target.starts_with('/') {
            done.clear();
        }
        open.extend(target.split('/').rev().map(str::to_owned));
    }
    Ok(ContextPath::parse(&done.join("/")))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::convert::Infallible;

    use super::*;

    /// BuildKit's `FollowLinks` of a local source and its `ReadFile` give the same results. Both resolve
    /// links below the root of the context.
    #[test]
    fn links_are_followed_inside_of_the_context() {
        let links = BTreeMap::from([
            ("requirements.txt", "backend/requirements.txt"),
            ("backend/base.txt", "../shared/base.txt"),
            ("config", "deploy/config/"),
            ("deploy/config/app.txt", "./real.txt"),
            ("passwd", "/etc/passwd"),
            ("above", "../../../up.txt"),
            ("one", "two"),
            ("two", "one"),
            ("here", "."),
            ("deep", "config/app.txt"),
        ]);
        let follow = |path: &str| {
            let link = |path: &str| Ok::<_, Infallible>(links.get(path).map(|target| (*target).to_owned()));
            let path = ContextPath::parse(path).unwrap();
            followed(&path, link).unwrap().map(|path| path.as_str().to_owned())
        };
        for (path, target) in [
            ("plain.txt", "plain.txt"),
            ("requirements.txt", "backend/requirements.txt"),
            ("backend/base.txt", "shared/base.txt"),
            ("config/other.txt", "deploy/config/other.txt"),
            ("deep", "deploy/config/real.txt"),
            ("passwd", "etc/passwd"),
            ("above", "up.txt"),
            ("here/requirements.txt", "backend/requirements.txt"),
        ] {
            assert_eq!(follow(path).as_deref(), Some(target), "{path}");
        }
        assert_eq!(follow("one"), None);
    }
}
