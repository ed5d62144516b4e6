//! The life of a connection: where to log in, what the grant gave, what works.
//!
//! The one-time code, the app's secret and the token never come here: the host adds the first two and takes the third out of the reply.
//! An exchange without a readable answer is never repeated with the same code. Nothing here changes anything at Nhanh.

#[cfg(test)]
mod tests;

use crate::nhanh::tree::Value;

use crate::nhanh::errors::{Access, NoData, answer, no_reply, tree};
use crate::nhanh::json::{Items, Record};
use crate::nhanh::wire::{Ask, Wire};
use crate::sender::Sender;
use crate::settings::Settings;
use crate::vietnam::time;
use crate::wit::exchange::{CheckLine, Verdict};
use crate::wit::http::{Body, Method, Pair, Request};
use crate::wit::types::{Account, Context, Failure, FailureClass, Instant, Message};

/// The secret that the host takes out of the exchange's reply.
pub const ACCESS_TOKEN: &str = "access-token";
/// The endpoint and path of the login page.
pub const LOGIN: (&str, &str) = ("login", "/oauth");

/// Where a person logs in. `return_to` goes in exactly as it is registered.
///
/// # Errors
/// The form lacks the app's id.
pub fn authorize_url(context: &Context, return_to: String) -> Result<Request, Failure> {
    let settings = Settings::of(context);
    let version = settings.wire()?.version();
    let app_id = settings.app_id()?;
    let pair = |name: &str, value: String| Pair { name: name.to_owned(), value };
    let (endpoint, path) = LOGIN;
    Ok(Request {
        endpoint: endpoint.to_owned(),
        method: Method::Get,
        path: path.to_owned(),
        query: vec![pair("version", version.to_owned()), pair("appId", app_id.to_owned()), pair("returnLink", return_to)],
        headers: Vec::new(),
        body: Body::None,
    })
}

fn log_in_again(class: FailureClass, code: &str, vi: &str, en: &str) -> Failure {
    Failure::new(class, code, Message::new(vi, en))
}

/// Exchanges the one-time code for a grant.
///
/// # Errors
/// Nhanh refused, the answer cannot be read, or it held no token.
pub fn redeem<S: Sender>(context: &Context, sender: &mut S) -> Result<Account, Failure> {
    let settings = Settings::of(context);
    let request = settings.wire()?.grant(settings)?;
    let response = sender.send(request).map_err(|error| exchange_failure(no_reply(&error, Access::Write)))?;
    let tree = tree(&response, Access::Write).map_err(|no| exchange_failure(no.into()))?;
    let reply = answer(&tree, &response, Access::Write, context.now).map_err(|no| match no {
        NoData::Refused(refusal) if refusal.is_plain() => refused_code(refusal.failure),
        no => exchange_failure(no.into()),
    })?;
    if !response.captured.iter().any(|it| it == ACCESS_TOKEN) {
        return Err(log_in_again(
            FailureClass::Unauthorized,
            "nhanh.token-missing",
            "Nhanh.vn trả lời nhưng không kèm access token. Đăng nhập lại Nhanh.vn để lấy mã mới.",
            "Nhanh.vn answered without an access token. Log in to Nhanh.vn again for a new code.",
        ));
    }
    // 2.0 is documented flat, 3.0 nested; clients of either read both.
    let nested = reply.record.record("data").ok().flatten();
    let grant = nested.as_ref().filter(|it| it.told("businessId").is_some()).unwrap_or(&reply.record);
    account(grant)
}

/// The exchange itself is never repeated, so whatever is unclear about it ends in another login.
fn exchange_failure(failure: Failure) -> Failure {
    if failure.class != FailureClass::Ambiguous {
        return failure;
    }
    log_in_again(
        FailureClass::Ambiguous,
        "nhanh.exchange-unclear",
        "Không rõ Nhanh.vn đã cấp quyền hay chưa. Mã đăng nhập chỉ dùng được một lần: hãy đăng nhập lại Nhanh.vn.",
        "It is unclear whether Nhanh.vn gave the grant. The code works once only: please log in to Nhanh.vn again.",
    )
}

fn refused_code(failure: Failure) -> Failure {
    let said = failure.message.arguments.into_iter().next().map(|it| it.value).unwrap_or_default();
    let message = Message::new(
        "Nhanh.vn không chấp nhận mã đăng nhập (mã chỉ có hiệu lực 10 phút và chỉ dùng một lần) hoặc Client Secret không đúng. Kiểm tra Client Secret rồi đăng nhập lại. Nhanh.vn báo: {said}",
        "Nhanh.vn does not accept the login code (it lives 10 minutes and works once) or the Client Secret. Check the Client Secret and log in again. Nhanh.vn says: {said}",
    );
    Failure::new(FailureClass::Unauthorized, "nhanh.grant-refused", message.with("said", &said))
}

fn account(grant: &Record<'_>) -> Result<Account, Failure> {
    let Ok(Some(id)) = grant.id("businessId") else {
        return Err(log_in_again(
            FailureClass::Unauthorized,
            "nhanh.business-missing",
            "Nhanh.vn không cho biết doanh nghiệp được cấp quyền. Đăng nhập lại Nhanh.vn.",
            "Nhanh.vn did not tell which business gave the grant. Log in to Nhanh.vn again.",
        ));
    };
    let name = ["businessName", "storeName"].iter().find_map(|it| grant.text(it).ok().flatten());
    Ok(Account { id, name, expires: expires(grant), permissions: permissions(grant.told("permissions")), branches: branches(grant) })
}

fn expires(grant: &Record<'_>) -> Option<Instant> {
    let unix = grant.integer("expiredAt").ok().flatten().and_then(time::from_unix);
    unix.or_else(|| grant.verbatim("expiredDateTime").ok().flatten().and_then(|it| time::read_date_time(&it)))
}

/// A list, or one text with commas; the words stay Nhanh's own.
fn permissions(told: Option<&Value<'_>>) -> Vec<String> {
    let split = |text: &str| text.split([',', ';']).map(str::trim).filter(|it| !it.is_empty()).map(str::to_owned).collect::<Vec<_>>();
    match told {
        Some(Value::Str(text)) => split(text),
        Some(value) => Items::of(value).into_iter().flatten().filter_map(|(_, it)| it.as_str()).flat_map(split).collect(),
        None => Vec::new(),
    }
}

/// An empty list, and `All`, mean every depot.
fn branches(grant: &Record<'_>) -> Vec<String> {
    let Ok(depots) = grant.items("depotIds") else { return Vec::new() };
    depots
        .filter_map(|(key, value)| {
            let key = || key.filter(|it| crate::vietnam::text::is_digits(it) && it.len() > 2).map(str::to_owned);
            crate::nhanh::json::id(value).map(std::borrow::Cow::into_owned).or_else(key)
        })
        .collect()
}

/// A read that shows a right: what it asks, and what people call that.
struct Probe {
    code: &'static str,
    ask: Ask<'static>,
    vi: &'static str,
    en: &'static str,
}

fn probes(now: Instant) -> [Probe; 5] {
    let probe = |code, ask, vi, en| Probe { code, ask, vi, en };
    let products = Ask::Products { hidden: false, since: None };
    let orders = Ask::Orders { from: now.saturating_sub(60_000), until: now };
    [
        probe("check.branch", Ask::Depots, "kho hàng", "depots"),
        probe("check.category", Ask::Categories, "danh mục sản phẩm", "product categories"),
        probe("check.product", products, "danh sách sản phẩm", "the product list"),
        probe("check.customer", Ask::Customers { since: None }, "danh sách khách hàng", "the customer list"),
        probe("check.order", orders, "danh sách đơn hàng", "the order list"),
    ]
}

/// What works and what does not, a line each: the form, Nhanh itself, the token, the right of each flow by one small read. A right to
/// write cannot be seen without writing and stays unknown.
pub fn check<S: Sender>(context: &Context, sender: &mut S) -> Vec<CheckLine> {
    let settings = Settings::of(context);
    let mut lines = Vec::new();
    let wire = match settings.wire().and_then(|wire| settings.app_id().map(|_| wire)) {
        Ok(wire) => wire,
        Err(failure) => {
            lines.push(failed("check.app", failure));
            return lines;
        }
    };
    if let Err(failure) = settings.account() {
        lines.push(failed("check.token", failure));
        return lines;
    }
    for (at, probe) in probes(context.now).iter().enumerate() {
        let outcome = try_read(context, wire, &probe.ask, sender);
        if at == 0 {
            let ended =
                wire.ended(context.now) && outcome.as_ref().is_err_and(|it| matches!(it.code.as_str(), "nhanh.html" | "nhanh.http-404"));
            lines.extend(if ended { vec![failed("check.version", version_ended(wire))] } else { reach(&outcome) });
            if outcome.as_ref().is_err_and(stops_all) {
                return lines;
            }
            lines.extend(wire.last_day().map(ends_soon));
        }
        lines.push(right(probe, outcome));
    }
    if settings.orders() {
        lines.push(CheckLine {
            code: "check.order-write".to_owned(),
            verdict: Verdict::Unknown,
            message: Message::new(
                "Quyền thêm và sửa đơn hàng chỉ biết chắc khi gửi đơn đầu tiên.",
                "The right to add and edit orders shows with the first order that is sent.",
            ),
            fix: Some(Message::new(
                "Khi đăng nhập Nhanh.vn, tích cả quyền thêm đơn hàng và sửa đơn hàng.",
                "When logging in to Nhanh.vn, tick the rights to add and to edit orders.",
            )),
        });
    }
    lines
}

/// The dialect is not served any more.
fn version_ended(wire: &dyn Wire) -> Failure {
    Failure::misconfigured(
        "nhanh.version-ended",
        Message::new(
            "Nhanh đã ngừng API {version}, hãy nâng cấp kết nối: chọn Nhanh.vn V3 trong form kết nối rồi đăng nhập lại Nhanh.vn.",
            "Nhanh has ended API {version}; please upgrade the connection: choose Nhanh.vn V3 on its form and log in to Nhanh.vn again.",
        )
        .with("version", wire.version()),
    )
}

/// The dialect will not be served for ever.
fn ends_soon(last_day: &str) -> CheckLine {
    CheckLine {
        code: "check.version".to_owned(),
        verdict: Verdict::Warning,
        message: Message::new(
            "Kết nối đang dùng Nhanh.vn V2 (API 2.0). Nhanh chỉ hỗ trợ API 2.0 đến hết ngày {date}.",
            "The connection uses Nhanh.vn V2 (API 2.0). Nhanh supports API 2.0 until the end of {date} only.",
        )
        .with("date", last_day),
        fix: Some(Message::new(
            "Nâng cấp kết nối lên Nhanh.vn V3 và đăng nhập lại; liên kết và lịch sử được giữ nguyên.",
            "Upgrade the connection to Nhanh.vn V3 and log in again; links and history are kept.",
        )),
    }
}

fn try_read<S: Sender>(context: &Context, wire: &dyn Wire, ask: &Ask<'_>, sender: &mut S) -> Result<(), Failure> {
    let request = wire.request(Settings::of(context), ask, &wire.first(), 1)?;
    let response = sender.send(request).map_err(|error| no_reply(&error, Access::Read))?;
    let tree = tree(&response, Access::Read)?;
    answer(&tree, &response, Access::Read, context.now)?;
    Ok(())
}

/// Failures after which no other read can say anything new.
fn stops_all(failure: &Failure) -> bool {
    matches!(failure.class, FailureClass::Unauthorized | FailureClass::Misconfigured | FailureClass::Transient)
}

/// Whether Nhanh answers at all, and takes the token.
fn reach(outcome: &Result<(), Failure>) -> Vec<CheckLine> {
    let ok = |code: &str, vi: &str, en: &str| CheckLine {
        code: code.to_owned(),
        verdict: Verdict::Ok,
        message: Message::new(vi, en),
        fix: None,
    };
    let reached = ok("check.reach", "Kết nối được tới Nhanh.vn.", "Nhanh.vn can be reached.");
    match outcome {
        Err(failure) if failure.class == FailureClass::Transient || failure.code == "nhanh.denied" => {
            vec![failed("check.reach", failure.clone())]
        }
        Err(failure) if failure.code == "nhanh.version-refused" => vec![reached, failed("check.version", failure.clone())],
        Err(failure) if failure.class == FailureClass::Unauthorized => vec![reached, failed("check.token", failure.clone())],
        Err(failure) if failure.class == FailureClass::Misconfigured => {
            let code = match failure.code.as_str() {
                "nhanh.api-off" => "check.api-off",
                "nhanh.app-invalid" => "check.app",
                _ => "check.token",
            };
            vec![reached, failed(code, failure.clone())]
        }
        Err(failure) if matches!(failure.class, FailureClass::RateLimited(_)) => Vec::new(),
        _ => vec![reached, ok("check.token", "Quyền truy cập Nhanh.vn còn hiệu lực.", "The grant at Nhanh.vn is valid.")],
    }
}

fn failed(code: &str, failure: Failure) -> CheckLine {
    let fix = Some(way_out(&failure));
    CheckLine { code: code.to_owned(), verdict: Verdict::Failed, message: failure.message, fix }
}

/// What a person does about a line that failed.
fn way_out(failure: &Failure) -> Message {
    let (vi, en) = match failure.class {
        FailureClass::Unauthorized => ("Đăng nhập lại Nhanh.vn và bấm Đồng ý.", "Log in to Nhanh.vn again and agree."),
        FailureClass::Misconfigured => ("Sửa theo câu trên rồi bấm Kiểm tra lại.", "Mend it as the sentence says, then check again."),
        _ => ("Đợi vài phút rồi kiểm tra lại.", "Wait some minutes and check again."),
    };
    Message::new(vi, en)
}

fn right(probe: &Probe, outcome: Result<(), Failure>) -> CheckLine {
    let line = |verdict, message, fix| CheckLine { code: probe.code.to_owned(), verdict, message, fix };
    let name = |mut message: Message| {
        message.vi = message.vi.replace("{right}", probe.vi);
        message.en = message.en.replace("{right}", probe.en);
        message
    };
    match outcome {
        Ok(()) => line(Verdict::Ok, name(Message::new("Đọc được {right}.", "The right to read {right} is there.")), None),
        Err(failure) if failure.class == FailureClass::Forbidden => line(
            Verdict::Failed,
            name(Message::new("Chưa có quyền xem {right}.", "The right to read {right} is missing.")),
            Some(name(Message::new(
                "Đăng nhập lại Nhanh.vn bằng tài khoản có quyền và tích quyền xem {right}.",
                "Log in to Nhanh.vn again with an account that has the right, and tick reading {right}.",
            ))),
        ),
        Err(failure) if matches!(failure.class, FailureClass::RateLimited(_) | FailureClass::Transient) => {
            line(Verdict::Unknown, failure.message, None)
        }
        Err(failure) => failed(probe.code, failure),
    }
}
