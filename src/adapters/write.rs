//! Writing requests: TOML gives the shape, templates fill the leaves, a serializer encodes them.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{CONTENT_TYPE, HeaderName, HeaderValue};
use http::{Method, Request, Uri};
use minijinja::Value;

use super::charset::Charset;
use super::fault::LoadError;
use super::leaf::{Leaf, leaves};
use super::scope::{Record, Scope, Texts};
use super::section::{Item, Section};
use super::sign::{Material, Recipe, template};
use super::template::{Expr, Template};
use super::tree::{Field, Tree};
use super::{form, json};

/// Why a request cannot be written in the supplier's dialect. Nothing is sent then.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{operation}.{field} cannot be written: {why}")]
pub struct Unencodable {
    /// Which operation of the dialect.
    pub operation: &'static str,
    /// Which part of the request.
    pub field: String,
    /// What is in the way; free of data and secrets.
    pub why: String,
}

/// The shape of one operation's request.
#[derive(Debug)]
pub(super) struct Shape {
    operation: &'static str,
    method: Method,
    path: Template,
    query: Vec<(Arc<str>, Leaf)>,
    body: Body,
    headers: Vec<(HeaderName, Template)>,
    omits_empty: Vec<String>,
    requires: Vec<(Expr, String)>,
    sign: Option<Sign>,
}

#[derive(Debug)]
enum Body {
    None,
    Form(Vec<(Arc<str>, Leaf)>),
    Json(Vec<(Arc<str>, Leaf)>),
}

#[derive(Debug)]
struct Sign {
    recipe: Recipe,
    of: Part,
    into: Place,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Query,
    Body,
}

#[derive(Debug)]
enum Place {
    Field(Part, Arc<str>),
    Header(HeaderName),
}

/// What was signed, and the signature: for samples, which explain themselves.
pub(super) struct Signed {
    pub(super) canonical: String,
    pub(super) signature: String,
}

impl Shape {
    /// Reads the request's side of an operation; `default_sign` is the dialect's own recipe.
    pub(super) fn read(section: &mut Section<'_>, operation: &'static str, default_sign: Option<&Item<'_>>) -> Result<Self, LoadError> {
        let item = section.need("request")?;
        let (method, path) = item.text()?.split_once(' ').ok_or_else(|| item.fault("write it as `POST /path`"))?;
        let method = match method {
            "GET" => Method::GET,
            "POST" => Method::POST,
            _ => return Err(item.fault("only GET and POST are spoken by suppliers")),
        };
        let is_path = path.starts_with('/') || path.starts_with("{{");
        if !is_path || path.contains(['?', '#']) && !path.contains("{{") {
            return Err(item.fault("a path begins with / and has no query: that belongs into `query`"));
        }
        let path = Template::compile(path).map_err(|why| item.fault(why))?;
        let query = section.get("query").map(|item| leaves(&item)).transpose()?.unwrap_or_default();
        let form = section.get("form").map(|item| leaves(&item)).transpose()?;
        let json = section.get("json").map(|item| leaves(&item)).transpose()?;
        let body = match (form, json) {
            (None, None) => Body::None,
            (Some(fields), None) => Body::Form(fields),
            (None, Some(fields)) => Body::Json(fields),
            (Some(_), Some(_)) => return Err(section.fault("a body is either `form` or `json`")),
        };
        let mut headers = Vec::new();
        if let Some(section) = section.section("headers")? {
            for item in section.entries() {
                let name: HeaderName = item.key().parse().map_err(|_| item.fault_key("not a header name"))?;
                headers.push((name, Template::compile(item.text()?).map_err(|why| item.fault(why))?));
            }
        }
        let mut requires = Vec::new();
        if let Some(section) = section.section("requires")? {
            for item in section.entries() {
                let expr = Expr::compile(item.key()).map_err(|why| item.fault_key(why))?;
                requires.push((expr, item.text()?.to_owned()));
            }
        }
        let omits_empty = section.texts("omit_empty")?.into_iter().map(str::to_owned).collect();
        let own_sign = section.get("sign");
        let sign = match own_sign.as_ref().or(default_sign) {
            Some(item) if item.value().as_bool() == Some(false) => None,
            Some(item) => Some(Sign::read(item.section()?, &body)?),
            None => None,
        };
        Ok(Self {
            operation,
            method,
            path,
            query,
            body,
            headers,
            omits_empty,
            requires,
            sign,
        })
    }

    /// Whether its requests carry a signature.
    pub(super) fn is_signed(&self) -> bool {
        self.sign.is_some()
    }

    /// Writes one request. `scope` holds everything templates may see, secrets included.
    pub(super) fn write(&self, base_url: &str, charset: Charset, scope: &Scope<'_>) -> Result<Request<Bytes>, Unencodable> {
        self.compose(base_url, charset, scope, None)
    }

    /// Writes one request and leaves in `signed` how its signature came about.
    pub(super) fn compose(
        &self,
        base_url: &str,
        charset: Charset,
        scope: &Scope<'_>,
        signed: Option<&mut Option<Signed>>,
    ) -> Result<Request<Bytes>, Unencodable> {
        let fault = |field: &str, why: String| Unencodable {
            operation: self.operation,
            field: field.to_owned(),
            why,
        };
        for (expr, why) in &self.requires {
            let holds = expr.eval(scope).map_err(|error| fault("requires", error.why))?;
            if !holds.is_true() {
                return Err(fault("requires", why.clone()));
            }
        }
        let mut target = String::with_capacity(base_url.len().saturating_add(USUAL_LENGTH));
        target.push_str(base_url);
        self.path
            .render_path(scope, |text, out| form::escape(text, charset, out), &mut target)
            .map_err(|error| fault("request", error.why))?;
        let path = target.get(base_url.len()..).unwrap_or_default();
        if !path.starts_with('/') {
            return Err(fault("request", "the path does not begin with /".to_owned()));
        }
        let mut query = self.fill("query", &self.query, scope)?;
        let mut body = match &self.body {
            Body::None => Vec::new(),
            Body::Form(fields) => self.fill("form", fields, scope)?,
            Body::Json(fields) => self.fill("json", fields, scope)?,
        };
        let mut headers = Vec::with_capacity(self.headers.len().saturating_add(1));
        for (name, value) in &self.headers {
            let value = value.render(scope).map_err(|error| fault(name.as_str(), error.why))?;
            headers.push((name, value));
        }
        if let Some(sign) = &self.sign {
            // The text is also made where it may not be possible, so that the refusal says so.
            let may_fail = !body.is_empty() && !charset.holds_everything();
            let mut unsigned = String::new();
            let mut with_request = None;
            if may_fail || sign.recipe.sees_request() {
                unsigned = self
                    .body_text(&body, charset)
                    .ok_or_else(|| fault("body", NOT_IN_CHARSET.to_owned()))?;
                let request = Record::default()
                    .with("method", self.method.as_str())
                    .with("path", path)
                    .with("headers", named(&headers))
                    .with("body", unsigned.as_str());
                with_request = Some(scope.clone().with("request", request.value()));
            }
            let scope = with_request.as_ref().unwrap_or(scope);
            let material = Material {
                fields: match sign.of {
                    Part::Query => &query,
                    Part::Body => &body,
                },
                body: &unsigned,
            };
            let made = sign
                .recipe
                .sign(&material, scope, charset)
                .map_err(|error| fault("sign", error.why))?;
            if let Some(signed) = signed {
                *signed = Some(Signed {
                    canonical: sign.recipe.canonical(&material, scope).unwrap_or_default(),
                    signature: made.clone(),
                });
            }
            match &sign.into {
                Place::Field(Part::Query, name) => put(&mut query, name, made),
                Place::Field(Part::Body, name) => put(&mut body, name, made),
                Place::Header(name) => headers.push((name, made)),
            }
        }
        if !query.is_empty() {
            target.push('?');
            form::write(&query, charset, &mut target).ok_or_else(|| fault("query", NOT_IN_CHARSET.to_owned()))?;
        }
        let text = self
            .body_text(&body, charset)
            .ok_or_else(|| fault("body", NOT_IN_CHARSET.to_owned()))?;
        let bytes = charset.wire(text).ok_or_else(|| fault("body", NOT_IN_CHARSET.to_owned()))?;
        let content_type = match self.body {
            Body::None => None,
            Body::Form(_) => Some(charset.form_type()),
            Body::Json(_) => Some(charset.json_type()),
        };
        let mut request = Request::new(bytes);
        *request.method_mut() = self.method.clone();
        request
            .headers_mut()
            .extend(content_type.map(|content_type| (CONTENT_TYPE, content_type)));
        for (name, value) in headers {
            let value = HeaderValue::from_str(&value).map_err(|_| fault(name.as_str(), "not a header value".to_owned()))?;
            request.headers_mut().append(name.clone(), value);
        }
        *request.uri_mut() = Uri::try_from(target).map_err(|_| fault("request", "not a valid URL".to_owned()))?;
        Ok(request)
    }

    fn fill(&self, part: &str, fields: &[(Arc<str>, Leaf)], scope: &Scope<'_>) -> Result<Vec<Field>, Unencodable> {
        // One more, where the signature may be put.
        let mut filled = Vec::with_capacity(fields.len().saturating_add(1));
        for (name, leaf) in fields {
            let tree = leaf.fill(scope).map_err(|error| Unencodable {
                operation: self.operation,
                field: format!("{part}.{name}"),
                why: error.why,
            })?;
            if !(tree.is_blank() && self.omits_empty.iter().any(|omitted| **omitted == **name)) {
                filled.push((Arc::clone(name), tree));
            }
        }
        Ok(filled)
    }

    fn body_text(&self, fields: &[Field], charset: Charset) -> Option<String> {
        match self.body {
            Body::None => Some(String::new()),
            Body::Form(_) => {
                let mut text = String::with_capacity(USUAL_LENGTH);
                form::write(fields, charset, &mut text)?;
                Some(text)
            }
            Body::Json(_) => Some(json::write_object(fields)),
        }
    }
}

/// Headers as templates see them: in lower case, `-` written `_`.
fn named(headers: &[(&HeaderName, String)]) -> Value {
    let texts = headers.iter().map(|(name, value)| (name.as_str().replace('-', "_"), value.clone()));
    Value::from_object(Texts(texts.collect()))
}

/// Most queries and bodies are shorter, in bytes.
const USUAL_LENGTH: usize = 512;

const NOT_IN_CHARSET: &str = "a character is not in the charset";

/// Puts a signature where the shape keeps a place for it, or at the end.
fn put(fields: &mut Vec<Field>, name: &Arc<str>, signature: String) {
    let value = Tree::text(signature);
    match fields.iter_mut().find(|(known, _)| known == name) {
        Some((_, place)) => *place = value,
        None => fields.push((Arc::clone(name), value)),
    }
}

impl Sign {
    fn read(mut section: Section<'_>, body: &Body) -> Result<Self, LoadError> {
        let item = section.need("into")?;
        let (part, name) = item.text()?.split_once('.').unwrap_or_default();
        let has_part = matches!(
            (part, body),
            ("form", Body::Form(_)) | ("json", Body::Json(_)) | ("query" | "header", _)
        );
        if !has_part || name.is_empty() {
            return Err(
                item.fault("a signature goes into `query.<name>`, `header.<name>`, or a `form.<name>` or `json.<name>` of this request")
            );
        }
        let into = match part {
            "header" => Place::Header(name.parse().map_err(|_| item.fault("not a header name"))?),
            "query" => Place::Field(Part::Query, name.into()),
            _ => Place::Field(Part::Body, name.into()),
        };
        let of = match section.get("of") {
            None if matches!(body, Body::None) => Part::Query,
            None => Part::Body,
            Some(item) => match item.text()? {
                "query" => Part::Query,
                "body" => Part::Body,
                _ => return Err(item.fault("there are: query, body")),
            },
        };
        let own = match &into {
            Place::Field(part, name) if *part == of => Some(name.as_ref()),
            Place::Field(..) | Place::Header(_) => None,
        };
        let recipe = Recipe::read(&mut section, own)?;
        section.finish()?;
        Ok(Self { recipe, of, into })
    }
}

/// What a dialect answers to a notification.
#[derive(Debug)]
pub(super) struct Acknowledgement {
    pub(super) status: http::StatusCode,
    pub(super) content_type: HeaderValue,
    pub(super) body: Template,
}

impl Acknowledgement {
    pub(super) fn read(mut section: Section<'_>) -> Result<Self, LoadError> {
        let status = match section.get("status") {
            None => http::StatusCode::OK,
            Some(item) => u16::try_from(item.number(200..=299)?)
                .ok()
                .and_then(|status| http::StatusCode::from_u16(status).ok())
                .ok_or_else(|| item.fault("not an HTTP status"))?,
        };
        let content_type = match section.get("type") {
            None => HeaderValue::from_static("text/plain; charset=utf-8"),
            Some(item) => HeaderValue::from_str(item.text()?).map_err(|_| item.fault("not a content type"))?,
        };
        let body = template(Some(section.need("body")?))?.unwrap_or(Template::nothing());
        section.finish()?;
        Ok(Self {
            status,
            content_type,
            body,
        })
    }
}
