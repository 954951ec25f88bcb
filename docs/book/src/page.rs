//! One page of Markdown: its headings, its links, its formulas.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use pulldown_cmark::{CodeBlockKind, CowStr, Event, Options, Parser, Tag, TagEnd, html};

use crate::{at, math, write};

/// A page that was read, but whose links were not followed yet.
pub(crate) struct Page {
    name: PathBuf,
    text: String,
    pub(crate) title: String,
    /// The anchors of its headings, in order.
    anchors: Vec<String>,
    pub(crate) formulas: usize,
}

/// Where a page stands in the book.
pub(crate) fn address(name: &Path) -> String {
    name.with_extension("html")
        .to_string_lossy()
        .replace('\\', "/")
}

fn events(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES | Options::ENABLE_FOOTNOTES)
}

fn is_math(kind: &CodeBlockKind<'_>) -> bool {
    matches!(kind, CodeBlockKind::Fenced(word) if word.as_ref() == "math")
}

impl Page {
    pub(crate) fn new(name: &Path, text: &str) -> Result<Self, String> {
        let (mut title, mut anchors, mut formulas) = (None, Vec::new(), 0);
        let mut heading: Option<String> = None;
        for event in events(text) {
            match event {
                Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
                Event::Text(part) | Event::Code(part) => {
                    if let Some(heading) = &mut heading {
                        heading.push_str(&part);
                    }
                }
                Event::End(TagEnd::Heading(_)) => {
                    let text = heading.take().unwrap_or_default();
                    anchors.push(unused(&anchors, anchor(&text)));
                    title.get_or_insert(text);
                }
                Event::Start(Tag::CodeBlock(kind)) if is_math(&kind) => formulas += 1,
                _ => {}
            }
        }
        Ok(Self {
            name: name.to_owned(),
            text: text.to_owned(),
            title: title.ok_or_else(|| format!("{}: a page without a heading", name.display()))?,
            anchors,
            formulas,
        })
    }

    /// The body, with links to pages of the book, pictures and files copied beside it.
    pub(crate) fn html(
        &self,
        root: &Path,
        out: &Path,
        pages: &BTreeMap<PathBuf, Self>,
    ) -> Result<String, String> {
        let mut problems = BTreeSet::new();
        let lead = |link: &str, problems: &mut BTreeSet<String>| -> CowStr<'_> {
            let target = self.lead(link, root, out, pages);
            let target = target.unwrap_or_else(|problem| {
                problems.insert(problem);
                String::new()
            });
            target.into()
        };
        let mut anchors = self.anchors.iter();
        let mut formula: Option<String> = None;
        let mut replaced = Vec::new();
        for event in events(&self.text) {
            match event {
                Event::Start(Tag::CodeBlock(kind)) if is_math(&kind) => {
                    formula = Some(String::new())
                }
                Event::Text(part) if formula.is_some() => {
                    formula.get_or_insert_default().push_str(&part);
                }
                Event::End(TagEnd::CodeBlock) if formula.is_some() => {
                    let latex = formula.take().unwrap_or_default();
                    let shown = math::display(&latex).unwrap_or_else(|problem| {
                        problems.insert(problem);
                        String::new()
                    });
                    replaced.push(Event::Html(shown.into()));
                }
                Event::Start(Tag::Heading {
                    level,
                    classes,
                    attrs,
                    ..
                }) => {
                    let id = anchors.next().map(|a| CowStr::from(a.clone()));
                    replaced.push(Event::Start(Tag::Heading {
                        level,
                        id,
                        classes,
                        attrs,
                    }));
                }
                Event::Start(Tag::Link {
                    link_type,
                    dest_url,
                    title,
                    id,
                }) => replaced.push(Event::Start(Tag::Link {
                    link_type,
                    dest_url: lead(&dest_url, &mut problems),
                    title,
                    id,
                })),
                Event::Start(Tag::Image {
                    link_type,
                    dest_url,
                    title,
                    id,
                }) => replaced.push(Event::Start(Tag::Image {
                    link_type,
                    dest_url: lead(&dest_url, &mut problems),
                    title,
                    id,
                })),
                other => replaced.push(other),
            }
        }
        if let Some(problem) = problems.into_iter().next() {
            return Err(format!("{}: {problem}", self.name.display()));
        }
        let mut body = String::new();
        html::push_html(&mut body, replaced.into_iter());
        Ok(body)
    }

    /// Where a link of this page leads in the book.
    fn lead(
        &self,
        link: &str,
        root: &Path,
        out: &Path,
        pages: &BTreeMap<PathBuf, Self>,
    ) -> Result<String, String> {
        if link.contains("://") || link.starts_with("mailto:") {
            return Ok(link.to_owned());
        }
        let (file, anchor) = link
            .split_once('#')
            .map_or((link, None), |(f, a)| (f, Some(a)));
        let folder = self.name.parent().unwrap_or(Path::new(""));
        let target = if file.is_empty() {
            self.name.clone()
        } else {
            plain(&folder.join(file))
        };
        let nowhere = || format!("a link leads nowhere: {link}");
        if let Some(page) = pages.get(&target) {
            if let Some(anchor) = anchor {
                if !page.anchors.iter().any(|known| known == anchor) {
                    return Err(nowhere());
                }
                return Ok(if file.is_empty() {
                    format!("#{anchor}")
                } else {
                    format!("{}#{anchor}", address(Path::new(file)))
                });
            }
            return Ok(address(Path::new(file)));
        }
        let source = root.join(&target);
        if source.is_dir() {
            // A folder of the checkout has no page.
            return Ok(format!(
                "{}index.html",
                "../".repeat(self.name.components().count() - 1)
            ));
        }
        let bytes = std::fs::read(&source).map_err(|_| nowhere())?;
        write(&out.join(&target), &bytes).map_err(|error| at(&target, &error))?;
        Ok(file.to_owned())
    }
}

/// A path without `.` and `..`.
fn plain(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            Component::Prefix(_) | Component::RootDir | Component::Normal(_) => out.push(part),
        }
    }
    out
}

/// The anchor of a heading as the usual hosts of Markdown make it.
fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase();
    kept.chars()
        .filter_map(|c| match c {
            ' ' => Some('-'),
            c if c.is_alphanumeric() || c == '-' || c == '_' => Some(c),
            _ => None,
        })
        .collect()
}

/// The anchor, with a number behind it where a heading had it before.
fn unused(taken: &[String], anchor: String) -> String {
    if !taken.contains(&anchor) {
        return anchor;
    }
    let numbered = (1..).map(|n| format!("{anchor}-{n}"));
    numbered
        .into_iter()
        .find(|name| !taken.contains(name))
        .unwrap_or(anchor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rendered(text: &str) -> Result<String, String> {
        let page = Page::new(Path::new("docs/one.md"), text)?;
        let other = Page::new(
            Path::new("docs/two.md"),
            "# Two\n\n## A `b` (c)\n\n## A `b` (c)\n",
        )?;
        let mut pages = BTreeMap::new();
        pages.insert(PathBuf::from("docs/two.md"), other);
        pages.insert(
            PathBuf::from("docs/one.md"),
            Page::new(Path::new("docs/one.md"), text)?,
        );
        page.html(Path::new("/nonexistent"), Path::new("/nonexistent"), &pages)
    }

    #[test]
    fn links_lead_to_pages_and_headings() {
        let body = rendered("# One\n\n[x](two.md#a-b-c) [y](#one) [z](two.md#a-b-c-1)\n").unwrap();
        assert!(body.contains("href=\"two.html#a-b-c\""), "{body}");
        assert!(
            body.contains("href=\"#one\"") && body.contains("<h1 id=\"one\">"),
            "{body}"
        );
        assert!(body.contains("href=\"two.html#a-b-c-1\""), "{body}");
    }

    #[test]
    fn links_that_lead_nowhere_are_errors() {
        for link in ["three.md", "two.md#d", "#two", "picture.png"] {
            let error = rendered(&format!("# One\n\n[x]({link})\n")).unwrap_err();
            assert!(
                error.contains(link) && error.contains("docs/one.md"),
                "{error}"
            );
        }
        assert!(
            rendered("no heading\n")
                .unwrap_err()
                .contains("without a heading")
        );
    }

    #[test]
    fn formulas_are_drawn_or_refused() {
        let body = rendered("# One\n\n```math\n\\frac{a}{b} \\le 1\n```\n").unwrap();
        assert!(
            body.contains("<mfrac>") && !body.contains("\\frac"),
            "{body}"
        );
        let error = rendered("# One\n\n```math\n\\frac{a}{\n```\n").unwrap_err();
        assert!(error.contains("formula"), "{error}");
    }
}
