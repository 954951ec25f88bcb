//! The SVG of a figure as one page of PDF: the same shapes, letters as outlines.

use std::collections::BTreeMap;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use pdf_writer::types::{LineCapStyle, LineJoinStyle};
use pdf_writer::{Content, Filter, Finish as _, Name, Pdf, Rect, Ref, TextStr};
use resvg::tiny_skia::{Path, PathSegment, Point, Transform};
use resvg::usvg::{self, Group, Node, Paint};

use super::{Error, tree};

/// Points of PDF (72 an inch) per pixel of SVG (96 an inch).
const POINTS: f32 = 0.75;

/// Turns an SVG of [`svg`](super::svg) into a PDF of one page with nothing of the day or the machine in
/// it.
///
/// # Errors
/// [`Error`] if the SVG does not parse or holds what is not drawn here: pictures, gradients, masks,
/// filters, groups that are transparent as a whole.
pub fn pdf(svg: &str, title: &str) -> Result<Vec<u8>, Error> {
    let tree = tree(svg)?;
    let mut page = Page {
        content: Content::new(),
        states: BTreeMap::new(),
    };
    let height = tree.size().height();
    let upright = [POINTS, 0.0, 0.0, -POINTS, 0.0, POINTS * height];
    page.content.transform(upright);
    page.group(tree.root())?;
    let broken = |e: std::io::Error| Error(e.to_string());
    let mut stream = ZlibEncoder::new(Vec::new(), Compression::default());
    stream
        .write_all(page.content.finish().as_slice())
        .map_err(broken)?;
    let stream = stream.finish().map_err(broken)?;
    let [catalog, pages, sheet, drawing, info] = [1, 2, 3, 4, 5].map(Ref::new);
    let mut pdf = Pdf::new();
    pdf.catalog(catalog).pages(pages);
    pdf.pages(pages).kids([sheet]).count(1);
    let mut out = pdf.page(sheet);
    let (width, height) = (tree.size().width(), tree.size().height());
    out.media_box(Rect::new(0.0, 0.0, POINTS * width, POINTS * height));
    out.parent(pages).contents(drawing);
    let mut resources = out.resources();
    let mut states = resources.ext_g_states();
    for (opacity, number) in &page.states {
        let alpha = *opacity as f32 / OPACITIES;
        let mut state = states
            .insert(Name(state_name(*number).as_bytes()))
            .start::<pdf_writer::writers::ExtGraphicsState<'_>>();
        state.stroking_alpha(alpha).non_stroking_alpha(alpha);
    }
    states.finish();
    resources.finish();
    out.finish();
    pdf.stream(drawing, &stream).filter(Filter::FlateDecode);
    pdf.document_info(info)
        .title(TextStr(title))
        .producer(TextStr("isac"));
    Ok(pdf.finish())
}

/// Steps of opacity.
const OPACITIES: f32 = 10_000.0;

fn state_name(number: usize) -> String {
    format!("o{number}")
}

/// The page that is being drawn.
struct Page {
    content: Content,
    /// Opacities in steps, and the numbers of their states.
    states: BTreeMap<u32, usize>,
}

impl Page {
    fn group(&mut self, group: &Group) -> Result<(), Error> {
        let plain = group.mask().is_none()
            && group.filters().is_empty()
            && group.opacity() == usvg::Opacity::ONE;
        if !plain {
            return Err(undrawn("masks, filters and transparent groups"));
        }
        self.content.save_state();
        self.content.transform(matrix(group.transform()));
        if let Some(clip) = group.clip_path() {
            if clip.clip_path().is_some() {
                return Err(undrawn("clipped clips"));
            }
            self.outline(clip.root(), clip.transform())?;
            self.content.clip_nonzero().end_path();
        }
        for node in group.children() {
            match node {
                Node::Group(group) => self.group(group)?,
                Node::Path(path) if path.is_visible() => self.path(path)?,
                Node::Path(_) => {}
                Node::Text(text) => self.group(text.flattened())?,
                Node::Image(_) => return Err(undrawn("pictures")),
            }
        }
        self.content.restore_state();
        Ok(())
    }

    /// Appends the shapes of a clip to the current path.
    fn outline(&mut self, group: &Group, outer: Transform) -> Result<(), Error> {
        let transform = outer.pre_concat(group.transform());
        for node in group.children() {
            match node {
                Node::Group(group) => self.outline(group, transform)?,
                Node::Path(path) => {
                    let moved = path.data().clone().transform(transform);
                    self.shape(&moved.ok_or_else(|| undrawn("shapes of no size"))?);
                }
                Node::Text(_) | Node::Image(_) => return Err(undrawn("clips by text or pictures")),
            }
        }
        Ok(())
    }

    fn path(&mut self, path: &usvg::Path) -> Result<(), Error> {
        if let Some(fill) = path.fill() {
            self.opacity(fill.opacity());
            let [r, g, b] = colour(fill.paint())?;
            self.content.set_fill_rgb(r, g, b);
            self.shape(path.data());
            match fill.rule() {
                usvg::FillRule::NonZero => self.content.fill_nonzero(),
                usvg::FillRule::EvenOdd => self.content.fill_even_odd(),
            };
        }
        let Some(stroke) = path.stroke() else {
            return Ok(());
        };
        self.opacity(stroke.opacity());
        let [r, g, b] = colour(stroke.paint())?;
        self.content
            .set_stroke_rgb(r, g, b)
            .set_line_width(stroke.width().get())
            .set_miter_limit(stroke.miterlimit().get())
            .set_line_cap(match stroke.linecap() {
                usvg::LineCap::Butt => LineCapStyle::ButtCap,
                usvg::LineCap::Round => LineCapStyle::RoundCap,
                usvg::LineCap::Square => LineCapStyle::ProjectingSquareCap,
            })
            .set_line_join(match stroke.linejoin() {
                usvg::LineJoin::Miter | usvg::LineJoin::MiterClip => LineJoinStyle::MiterJoin,
                usvg::LineJoin::Round => LineJoinStyle::RoundJoin,
                usvg::LineJoin::Bevel => LineJoinStyle::BevelJoin,
            });
        let dashes = stroke.dasharray().unwrap_or_default();
        self.content
            .set_dash_pattern(dashes.iter().copied(), stroke.dashoffset());
        self.shape(path.data());
        self.content.stroke();
        Ok(())
    }

    fn opacity(&mut self, opacity: usvg::Opacity) {
        let steps = (opacity.get() * OPACITIES).round() as u32;
        let next = self.states.len();
        let number = *self.states.entry(steps).or_insert(next);
        let name = state_name(number);
        self.content.set_parameters(Name(name.as_bytes()));
    }

    fn shape(&mut self, path: &Path) {
        let content = &mut self.content;
        let mut last = Point::default();
        for segment in path.segments() {
            match segment {
                PathSegment::MoveTo(p) => {
                    content.move_to(p.x, p.y);
                    last = p;
                }
                PathSegment::LineTo(p) => {
                    content.line_to(p.x, p.y);
                    last = p;
                }
                PathSegment::QuadTo(c, p) => {
                    // The same curve with the control points of a cubic one.
                    let near =
                        |a: Point| [a.x + 2.0 / 3.0 * (c.x - a.x), a.y + 2.0 / 3.0 * (c.y - a.y)];
                    let ([x1, y1], [x2, y2]) = (near(last), near(p));
                    content.cubic_to(x1, y1, x2, y2, p.x, p.y);
                    last = p;
                }
                PathSegment::CubicTo(a, b, p) => {
                    content.cubic_to(a.x, a.y, b.x, b.y, p.x, p.y);
                    last = p;
                }
                PathSegment::Close => {
                    content.close_path();
                }
            }
        }
    }
}

fn matrix(t: Transform) -> [f32; 6] {
    [t.sx, t.ky, t.kx, t.sy, t.tx, t.ty]
}

fn colour(paint: &Paint) -> Result<[f32; 3], Error> {
    match paint {
        Paint::Color(c) => Ok([c.red, c.green, c.blue].map(|part| f32::from(part) / 255.0)),
        Paint::LinearGradient(_) | Paint::RadialGradient(_) | Paint::Pattern(_) => {
            Err(undrawn("gradients and patterns"))
        }
    }
}

fn undrawn(what: &str) -> Error {
    Error(format!("{what} are not drawn in a PDF"))
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::pdf;
    use crate::figure::{Axis, Figure, Panel, Style};

    /// The only stream of a file, inflated.
    fn drawing(file: &[u8]) -> String {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let find = |word: &[u8]| {
            file.windows(word.len())
                .position(|part| part == word)
                .unwrap()
        };
        let (start, end) = (find(b"stream\n") + 7, find(b"endstream"));
        let mut content = Vec::new();
        let mut stream = flate2::read::ZlibDecoder::new(&file[start..end]);
        stream.read_to_end(&mut content).unwrap();
        text(&content)
    }

    #[test]
    fn the_page_holds_the_shapes_of_the_drawing() {
        let mut panel = Panel::new("", Axis::new("x"), Axis::log("y"));
        let points = vec![[0.0, 1.0], [1.0, 10.0], [2.0, 5.0]];
        panel.line("curve", points, Style::curve(0).dashed());
        let svg = crate::svg(&Figure::new("A title", vec![panel]));
        let file = pdf(&svg, "A title").unwrap();
        assert_eq!(file, pdf(&svg, "A title").unwrap(), "the same bytes");
        assert!(file.starts_with(b"%PDF-1.") && file.ends_with(b"%%EOF"));
        let text = String::from_utf8_lossy(&file).into_owned();
        // Every object stands where the table of references says.
        let table = &text[text.find("\nxref\n").unwrap() + 6..text.find("trailer").unwrap()];
        let raw = |at: usize| String::from_utf8_lossy(&file[at..at + 7]).into_owned();
        for (number, line) in table.lines().skip(2).enumerate() {
            let at: usize = line[..10].parse().unwrap();
            assert_eq!(raw(at), format!("{} 0 obj", number + 1));
        }
        let content = drawing(&file);
        let operators = |word: &str| content.split_whitespace().filter(|w| *w == word).count();
        assert_eq!(operators("q"), operators("Q"));
        // The colour of the first curve and its dashes, the clip of the panel, letters as curves.
        let blue = |line: &str| line.starts_with("0 0.447") && line.ends_with("RG");
        assert!(content.lines().any(blue), "{content}");
        assert!(content.contains("[7 4] 0 d") && operators("W") == 1 && operators("c") > 100);
    }

    #[test]
    fn what_is_not_drawn_is_refused() {
        let start = r#"<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9">"#;
        let inner = r#"<g opacity="0.5"><path d="M0 0L9 9" stroke="red"/><path d="M0 9L9 0" stroke="red"/></g></svg>"#;
        let error = pdf(&format!("{start}{inner}"), "").unwrap_err();
        assert!(error.to_string().contains("transparent groups"), "{error}");
    }
}
