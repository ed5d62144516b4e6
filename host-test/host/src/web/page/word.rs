//! Every sentence of the page, Vietnamese and English side by side. One table and nothing else.

use super::lang::Word;

macro_rules! words {
    ($($name:ident: $vi:literal, $en:literal;)*) => {
        $(pub(super) const $name: Word = Word { vi: $vi, en: $en };)*
        #[cfg(test)]
        pub(super) const ALL: &[(&str, Word)] = &[$((stringify!($name), $name)),*];
    };
}

words! {
    // Everywhere.
    TITLE: "Kết nối PM bán hàng", "Sales software connections";
    EXTENSIONS: "Mở rộng", "Extensions";
    SKIP_TO_CONTENT: "Tới nội dung chính", "Skip to content";
    OTHER_LANGUAGE: "English", "Tiếng Việt";
    SIGN_OUT: "Đăng xuất", "Sign out";
    BACK: "Quay lại kết nối", "Back to the connection";
    ALL_CONNECTIONS: "Tất cả kết nối", "All connections";
    NEVER: "Chưa có", "Never";
    NONE: "Không có", "None";
    AT: "lúc {time}", "at {time}";

    // Signing in.
    SIGN_IN: "Đăng nhập", "Sign in";
    SIGN_IN_TO: "Đăng nhập Nobi Pro", "Sign in to Nobi Pro";
    NAME: "Tên đăng nhập", "Name";
    PASSWORD: "Mật khẩu", "Password";
    WRONG: "Sai tên đăng nhập hoặc mật khẩu.", "Wrong name or password.";
    TOO_OFTEN: "Bạn đã thử quá nhiều lần. Hãy đợi vài phút rồi thử lại.", "Too many tries. Wait some minutes and try again.";
    SIGN_IN_BUSY: "Đang có quá nhiều người đăng nhập cùng lúc. Hãy thử lại sau vài giây.", "Too many people are signing in at once. Try again in a few seconds.";
    FORGED: "Trang đã cũ hoặc yêu cầu không đến từ trang này. Hãy tải lại trang rồi làm lại.", "The page is out of date, or the request is not from it. Reload and try again.";
    NOT_FOUND: "Không có trang này.", "There is no such page.";
    BROKEN: "Có lỗi phía máy chủ. Không có gì bị mất; hãy thử lại sau ít phút.", "Something went wrong at the server. Nothing is lost; try again in a few minutes.";
    BUSY: "Đang có quá nhiều yêu cầu như thế này cùng lúc. Hãy thử lại sau vài giây.", "Too many ask for this at once. Try again in a few seconds.";
    RESTING: "Máy chủ tạm thời chưa ghi được dữ liệu. Không có gì bị mất; hãy thử lại sau ít phút.", "The server cannot write just now. Nothing is lost; try again in a few minutes.";
    NOT_THIS_WAY: "Địa chỉ này chỉ dùng khi bấm nút trên trang, không mở trực tiếp được.", "This address is for the page's buttons and cannot be opened by itself.";
    GO_HOME: "Về danh sách kết nối", "To the connections";
    DETAILS: "Chi tiết", "Details";

    // The account.
    ACCOUNT: "Tài khoản", "Account";
    CHANGE_PASSWORD: "Đổi mật khẩu", "Change the password";
    PASSWORD_NOW: "Mật khẩu hiện tại", "Password of now";
    PASSWORD_NEW: "Mật khẩu mới", "New password";
    PASSWORD_AGAIN: "Nhập lại mật khẩu mới", "New password once more";
    PASSWORD_RULE: "Mật khẩu có từ 12 đến 200 ký tự. Sau khi đổi, mọi phiên đăng nhập khác của bạn kết thúc.", "A password has 12 to 200 characters. Once it is changed, all your other sessions end.";
    PASSWORDS_DIFFER: "Hai lần nhập mật khẩu mới không giống nhau.", "The two new passwords differ.";
    PASSWORD_WRONG: "Mật khẩu hiện tại không đúng.", "The password of now is wrong.";
    PASSWORD_CHANGED: "Đã đổi mật khẩu; các phiên đăng nhập khác đã kết thúc.", "The password is changed; all other sessions have ended.";
    SIGN_OUT_EVERYWHERE: "Đăng xuất mọi nơi", "Sign out everywhere";
    SIGN_OUT_EVERYWHERE_HELP: "Kết thúc mọi phiên đăng nhập của bạn, trên mọi máy, kể cả phiên này.", "Ends all your sessions, on every machine, this one too.";

    // The list.
    ENDS_IN: "Còn {days} ngày", "{days} days left";
    ENDED_SHORT: "Hết hạn", "Ended";
    NO_CONNECTIONS: "Chưa có kết nối nào. Chọn phần mềm để bắt đầu.", "There is no connection yet. Choose a software to begin.";
    NEW_CONNECTION: "Kết nối {name}", "Connect {name}";
    MADE_ON: "Tạo lúc {time}", "Made at {time}";
    DROP_DRAFT: "Xóa nháp", "Delete the draft";
    CONNECTION: "Kết nối", "Connection";

    // States.
    DRAFT: "Chưa kết nối", "Not connected";
    ACTIVE: "Đang hoạt động", "Active";
    PAUSED: "Tạm dừng", "Paused";
    STATE: "Trạng thái", "State";
    BUSINESS: "Doanh nghiệp", "Business";
    BUSINESS_ID: "mã {id}", "id {id}";
    CONNECTED_BY: "Người kết nối", "Connected by";
    VALID_UNTIL: "Hết hạn đăng nhập Nhanh.vn", "Login to Nhanh.vn ends";
    LAST_EVENT: "Webhook gần nhất", "Last webhook";
    ENDS_SOON: "Đăng nhập Nhanh.vn còn {days} ngày. Hãy đăng nhập lại trước ngày hết hạn; liên kết và lịch sử được giữ nguyên.", "The login to Nhanh.vn ends in {days} days. Log in again before that; links and history are kept.";
    ENDED: "Đăng nhập Nhanh.vn đã hết hạn. Không có gì bị mất: hãy đăng nhập lại để tiếp tục.", "The login to Nhanh.vn has ended. Nothing is lost: log in again to go on.";
    PAUSED_BECAUSE: "Kết nối đang tạm dừng, không có gì bị mất:", "The connection is paused, nothing is lost:";
    OLDER_CHOICE: "Kết nối đang dùng {from}. Hãy chuyển sang {to}: chỉ cần đăng nhập Nhanh.vn một lần; liên kết, đơn hàng và lịch sử được giữ nguyên, không tạo trùng.", "The connection uses {from}. Move to {to}: it takes one login to Nhanh.vn; links, orders and history are kept, and nothing is made twice.";
    MOVE_TO: "Chuyển sang {to}", "Move to {to}";
    NOTICES: "Thông báo", "Notices";
    SEEN: "Đã xem", "Seen";
    AND_OTHERS: "và {count} mục khác", "and {count} more";
    TIMES: "{times} lần", "{times} times";

    // The form.
    FORM: "Thông tin kết nối", "Connection details";
    FORM_INTRO: "Điền theo thứ tự từ trên xuống.", "Fill in from top to bottom.";
    FORM_STEP_COPY: "Bước 1: chép 2 địa chỉ vào app ở open.nhanh.vn", "Step 1: copy the two addresses into your app at open.nhanh.vn";
    FORM_STEP_COPY_HELP: "Hai địa chỉ này không đổi. open.nhanh.vn hỏi chúng trước khi có App ID.", "The two addresses are final. open.nhanh.vn asks for them before there is an App ID.";
    FORM_STEP_FILL: "Bước 2: điền thông tin app và cách đồng bộ", "Step 2: fill in the app and what is synced";
    REQUIRED: "bắt buộc", "required";
    COPY: "Sao chép", "Copy";
    COPIED: "Đã sao chép", "Copied";
    MAKE_ONE: "Tạo giúp tôi", "Make one";
    MADE_ONE: "Đã tạo. Hãy chép mã này vào ô Webhooks verify token của app; sau khi lưu, mã không hiện lại.", "Made. Copy it into the app's Webhooks verify token; it is not shown again once it is saved.";
    KEPT_SECRET: "Đã lưu, không hiện lại. Để trống nếu không đổi.", "Kept, and not shown again. Leave empty to keep it.";
    MASK: "••••••••", "••••••••";
    EVENTS_TO_TICK: "Các sự kiện cần tích:", "Events to tick:";
    CHOOSE: "— Chọn —", "— Choose —";
    MORE_SETTINGS: "Thiết lập thêm", "More settings";
    SAVE: "Lưu", "Save";
    SAVE_AND_LOG_IN: "Lưu và đăng nhập Nhanh.vn", "Save and log in";
    SAVED: "Đã lưu.", "Saved.";
    FORM_FAULTS: "Cần sửa {count} ô trước khi lưu:", "{count} fields need attention:";
    LOG_IN: "Đăng nhập {name} và cấp quyền", "Log in to {name}";
    LOG_IN_AGAIN: "Đăng nhập lại {name}", "Log in to {name} again";
    LOGIN_FAILED: "Chưa kết nối được", "Not connected";
    ALREADY: "Doanh nghiệp {account} đã được kết nối. Không tạo kết nối thứ hai, vì mọi sản phẩm và đơn sẽ bị nhân đôi.", "Business {account} is connected already. There is no second connection, since every product and order would be there twice.";
    ALREADY_RENEWED: "Lần đăng nhập vừa rồi đã gia hạn cho kết nối đang có; hãy dùng tiếp kết nối đó.", "This login renewed the connection that is there; go on with that one.";
    ALREADY_LOG_IN: "Hãy mở kết nối đang có và đăng nhập lại ở đó.", "Open the connection that is there and log in again.";
    OPEN_FIRST: "Mở kết nối đang có", "Open the connection that is there";
    CONNECTED: "Đã kết nối.", "Connected.";
    YOUR_BUSINESS: "Đây có đúng là doanh nghiệp của bạn?", "Is this your business?";
    BUSINESS_ASKED: "Bạn vừa đăng nhập {name} với doanh nghiệp dưới đây. Chưa có gì được gửi hay lấy về; dữ liệu chỉ đi lại sau khi bạn xác nhận.", "You logged in to {name} with the business below. Nothing has been sent or fetched yet; that begins once you confirm.";
    DEPOTS: "Kho được cấp quyền", "Depots of the grant";
    EVERY_DEPOT: "Tất cả kho", "Every depot";
    IT_IS_MINE: "Đúng, kết nối doanh nghiệp này", "Yes, connect this business";
    IT_IS_NOT_MINE: "Không phải, bỏ lần đăng nhập này", "No, forget this login";
    NOT_MINE: "Chưa kết nối: lần đăng nhập vừa rồi đã bị bỏ, không có gì thay đổi.", "Not connected: that login was forgotten, and nothing has changed.";

    // The checklist.
    CHECKLIST: "Kiểm tra kết nối", "Connection check";
    CHECK_OK: "Tốt", "Good";
    CHECK_WARNING: "Cần xem", "Look here";
    CHECK_FAILED: "Lỗi", "Failed";
    CHECK_UNKNOWN: "Chưa rõ", "Unknown";
    FIX: "Cách sửa:", "How to fix:";
    CHECK_AGAIN: "Kiểm tra lại", "Check again";
    EDIT_FORM: "Sửa thông tin kết nối", "Edit connection details";
    CHECK_SUMMARY: "{ok} tốt, {look} cần xem, {failed} lỗi, {unknown} chưa rõ", "{ok} good, {look} to look at, {failed} failed, {unknown} unknown";

    // The table of what is synced.
    SYNC: "Đồng bộ dữ liệu", "Sync";
    ITEM: "Mục", "Item";
    LAST_SUCCESS: "Thành công gần nhất", "Last success";
    FIGURES: "Số liệu", "Figures";
    ERRORS: "Lỗi", "Errors";
    NEXT_RUN: "Lần chạy tới", "Next run";
    POLICY: "Cách đồng bộ", "Policy";
    ACTION: "Đồng bộ", "Sync";
    SYNC_NOW: "Đồng bộ ngay", "Sync now";
    PREVIEW: "Xem trước", "Dry run";
    ON_CLICK: "Khi bấm nút", "On a click";
    WHEN_CHANGED: "Khi có thay đổi", "On a change";
    WITH_ORDERS: "Khi có đơn", "With each order";
    LINKED: "{count} đã liên kết", "{count} linked";
    TO_PAIR: "{count} chờ liên kết", "{count} to link";
    ERROR_COUNT: "{count} lỗi", "{count} errors";
    WARNING_COUNT: "{count} lưu ý", "{count} to note";
    NO_ERRORS: "Không có lỗi", "No errors";
    STREAM_IDLE: "Sẵn sàng", "Ready";
    STREAM_NOT_YET: "Chờ kết nối", "Not connected yet";
    FILL_IN_FIRST: "Điền thông tin kết nối để bắt đầu.", "Fill in the connection details to begin.";
    STREAM_OFF: "Đang tắt", "Off";
    STREAM_QUEUED: "Đang chờ", "Waiting";
    STREAM_RUNNING: "Đang chạy", "Running";
    STREAM_DONE: "Xong", "Done";
    STREAM_FAILED: "Lỗi", "Failed";
    STREAM_PAUSED: "Tạm dừng", "Paused";
    NOT_SUPPORTED: "Không hỗ trợ", "Not supported";
    TOGGLED_OFF: "Đang tắt ở \"{toggle}\". Bật trong thông tin kết nối.", "Switched off at \"{toggle}\". Switch it on in the connection details.";
    PACED: "Đang chờ lượt gọi Nhanh.vn, đây là điều bình thường. Tự chạy tiếp.", "Waiting for its turn at Nhanh.vn, which is normal. It goes on by itself.";
    PROGRESS: "Tiến độ {item}", "Progress of {item}";
    DONE_SO_FAR: "đã đọc {n} {unit}", "{n} {unit} read";
    SHARE: "{percent}%", "{percent}%";
    UNIT_PRODUCTS: "sản phẩm", "products";
    UNIT_BRANCHES: "chi nhánh", "branches";
    UNIT_CATEGORIES: "danh mục", "categories";
    UNIT_CUSTOMERS: "khách hàng", "customers";
    UNIT_ORDERS: "đơn hàng", "orders";
    QUEUED_NOW: "Đã xếp lịch đồng bộ {item}.", "The sync of {item} is queued.";
    OFF_NOW: "{item} đang tắt nên không chạy. Hãy chọn cách đồng bộ khác rồi thử lại.", "{item} is switched off, so nothing runs. Choose another policy and try again.";
    UNDER_WAY: "{item} đang được đồng bộ rồi, không xếp thêm.", "{item} is being synced already; nothing was queued.";
    POLICY_SAVED: "Đã lưu cách đồng bộ của {item}.", "The policy of {item} is saved.";
    POLICY_OF: "Cách đồng bộ {item}", "Policy of {item}";
    POLICY_OFF: "Tắt", "Off";
    POLICY_CREATE: "Chỉ tạo mới, khi bấm nút", "New ones only, on a click";
    POLICY_FIRST: "Chỉ lần đầu", "First time only";
    POLICY_SHOWN: "Chỉ hiển thị", "Shown only";
    POLICY_SCHEDULED: "Chỉ tạo mới, theo lịch", "New ones only, on a schedule";
    POLICY_UPDATED: "Liên tục", "Continuously";
    CHOOSE_POLICY: "Hãy chọn cách đồng bộ trước.", "Choose a policy first.";
    GUIDE_CREATE: "Theo hướng dẫn: chỉ tạo mới, không cập nhật sau khi sửa hoặc xóa.", "By the guide: creates what is new; edits and deletes do not follow.";
    GUIDE_BRANCH: "Theo hướng dẫn: bấm đồng bộ lần đầu thì tạo mới chi nhánh ở Nobi Pro.", "By the guide: the first click makes the branches here.";
    GUIDE_CUSTOMER: "Theo hướng dẫn: cần bấm đồng bộ; chỉ tạo mới lần đầu, không cập nhật sau khi sửa hoặc xóa.", "By the guide: on a click; creates what is new, edits and deletes do not follow.";
    GUIDE_STOCK: "Chọn một. Chỉ lần đầu: sau đó tự quản lý ở Nobi Pro; tồn kho sẽ lệch dần so với Nhanh.vn, dễ bán quá số tồn. Liên tục: luôn theo Nhanh.vn (nên chọn nếu bán nhiều kênh).", "Choose one. First time only: from then on you keep stock at Nobi Pro; it drifts away from Nhanh.vn's and you may oversell. Continuously: always as at Nhanh.vn (better if you sell on several channels).";
    GUIDE_PRICE: "Chọn một. Chỉ lần đầu: sau đó tự quản lý ở Nobi Pro; giá không đổi theo Nhanh.vn, có thể bán sai giá. Liên tục: luôn theo Nhanh.vn (nên chọn nếu bán nhiều kênh).", "Choose one. First time only: from then on you keep prices at Nobi Pro; they do not follow Nhanh.vn's and you may sell at a wrong one. Continuously: always as at Nhanh.vn (better if you sell on several channels).";
    GUIDE_ORDERS: "Theo hướng dẫn: gửi đơn tạo mới, đơn \"Đã đối soát\", đơn hủy, đơn xóa.", "By the guide: new, reconciled, cancelled and deleted orders go out.";
    GUIDE_STATUS: "Trạng thái Nhanh.vn hiện cạnh đơn. Muốn đơn ở Nobi Pro tự đổi theo, chọn Liên tục ở mục Trạng thái đơn.", "The status at Nhanh.vn stands beside the order. To have the order at Nobi Pro follow it, choose Continuously at Order status.";
    ORDER_FIGURES: "{done} đã gửi, {waiting} đang chờ, {skipped} không cần gửi", "{done} sent, {waiting} waiting, {skipped} not to be sent";
    BY_ITSELF: "Tự chạy", "By itself";
    PREVIEW_RUNS: "Đang đọc thử, chưa ghi gì{far}.", "Reading only, nothing is written{far}.";
    PREVIEW_DONE: "Nếu đồng bộ ngay: {what}. Chưa ghi gì.", "A sync now would come to: {what}. Nothing was written.";
    PREVIEW_NOTHING: "không có gì để nhập", "nothing to take in";
    PREVIEW_FAILED: "Chưa xem trước được: {why}", "The dry run did not work out: {why}";

    // Orders.
    ORDERS: "Đơn hàng", "Orders";
    NO_ORDERS: "Chưa có đơn nào.", "There is no order yet.";
    ORDER_CODE: "Đơn", "Order";
    TRACKING: "Vận đơn", "Parcel";
    SENT: "Đã gửi", "Sent";
    NOT_SENT: "Chưa gửi", "Not sent yet";
    NOT_SENT_FOR: "Chưa gửi: {why}", "Not sent: {why}";
    NOT_TO_SEND: "Không cần gửi", "Not to be sent";
    NOT_TO_SEND_FOR: "Không gửi: {why}", "Not sent: {why}";
    SEE_WHY: "xem cách xử lý", "what to do";
    MAY_BE_THERE: "Chưa rõ đã tới Nhanh.vn hay chưa, hệ thống đang kiểm tra", "Not known yet whether it arrived; that is being looked up";

    // History.
    HISTORY: "Lịch sử", "History";
    NO_RUNS: "Chưa có lần đồng bộ nào.", "Nothing has been synced yet.";
    STARTED: "Bắt đầu", "Began";
    ENDED_AT: "Kết thúc", "Ended";
    TRIGGER: "Kích hoạt bởi", "By";
    BY_CLICK: "Bấm nút", "A click";
    BY_PERSON: "{name} bấm", "{name}";
    BY_TIMER: "Tự động", "By itself";
    BY_LIVE: "Tự động (webhook)", "By itself (webhook)";
    RESULT: "Kết quả", "Result";
    SCOPE_ONLY: "{count} mục", "{count} items";
    CREATED: "tạo {n}", "{n} created";
    LINKED_N: "liên kết {n}", "{n} linked";
    UPDATED: "cập nhật {n}", "{n} updated";
    WAITING_N: "chờ liên kết {n}", "{n} to link";
    UNCHANGED_N: "không đổi {n}", "{n} unchanged";
    KEPT_N: "đã có sẵn {n}", "{n} there already";
    PARKED_N: "chờ chi nhánh {n}", "{n} wait for a branch";
    TOMBSTONE_N: "đã xóa ở Nobi Pro {n}", "{n} deleted at Nobi Pro";
    DROPPED_N: "ngoài cách đồng bộ đã chọn {n}", "{n} outside the chosen policy";
    DROPPED_LEVELS_N: "của sản phẩm chưa liên kết hoặc không quản lý tồn {n}", "{n} of products that are not linked or have no stock";
    DROPPED_PRICES_N: "của sản phẩm chưa liên kết {n}", "{n} of products that are not linked";
    DROPPED_STATUSES_N: "không phải đơn của Nobi Pro {n}", "{n} of orders that are not Nobi Pro's";
    HELD_N: "chờ xác nhận {n}", "{n} wait for a decision";
    GONE_N: "đã xóa ở Nhanh.vn {n}", "{n} deleted at Nhanh.vn";
    REFUSED_N: "lỗi {n}", "{n} errors";
    SET_ASIDE: "Đã bỏ qua có ghi chú", "Set aside with a note";

    // Errors.
    TROUBLES: "Lỗi và lưu ý", "Errors and notes";
    ERRORS_HEAD: "Lỗi ({count})", "Errors ({count})";
    NOTES_HEAD: "Lưu ý ({count})", "Notes ({count})";
    NOTES_INTRO: "Không phải lỗi: dữ liệu đã vào, đây là điều nên biết.", "No errors: the data is in, and this is worth knowing.";
    NO_TROUBLES: "Không có lỗi hay lưu ý nào.", "There is nothing to look at.";
    TROUBLE_REFUSED: "{item}: {count} mục không đọc được", "{item}: {count} could not be read";
    TROUBLE_WARNED: "{item}: {count} mục nên xem", "{item}: {count} to look at";
    TROUBLE_ORDER: "{count} đơn hàng chưa gửi được", "{count} orders did not go out";
    TROUBLE_DELIVERY: "{count} webhook chưa xử lý được", "{count} webhooks could not be worked on";
    WHAT_HAPPENED: "Chuyện gì đã xảy ra", "What happened";
    WHAT_WE_DO: "Hệ thống tự làm", "What happens by itself";
    WHAT_YOU_CAN: "Bạn có thể", "What you can do";
    WE_AGAIN: "Tự thử lại; không cần làm gì.", "Tried again by itself; nothing to do.";
    TROUBLE_HELD: "{item}: {count} mục chờ bạn quyết định", "{item}: {count} wait for your decision";
    WE_HOLD: "Dữ liệu ở Nobi Pro được giữ nguyên cho tới khi bạn quyết định; các mục khác vẫn vào bình thường.", "What is here stays as it is until you decide; all other records come in.";
    YOU_HOLD: "Kiểm tra ở Nhanh.vn. Nếu đúng là như vậy, bấm Nhập theo Nhanh.vn: dữ liệu được đọc lại rồi ghi. Nếu không, giữ nguyên kèm ghi chú.", "Look at Nhanh.vn. If it is so, take it in: it is read again and written. If not, keep what is here, with a note.";
    TAKE: "Nhập theo Nhanh.vn", "Take it in";
    TAKE_ALL: "Nhập tất cả theo Nhanh.vn ({count})", "Take all in ({count})";
    TROUBLE_KEPT: "{item}: {count} mục đang giữ nguyên theo lựa chọn của bạn", "{item}: {count} stand still as you said";
    WE_KEEP: "Dữ liệu ở Nobi Pro đứng yên, không theo Nhanh.vn nữa, cho tới khi hai bên lại giống nhau.", "What is here stands still, whatever Nhanh.vn says, until the two agree again.";
    YOU_KEEP: "Không cần làm gì. Nếu muốn theo Nhanh.vn trở lại, bấm Nhập theo Nhanh.vn: dữ liệu được đọc lại rồi ghi.", "Nothing. To follow Nhanh.vn again, take it in: it is read again and written.";
    KEEP: "Giữ nguyên", "Keep";
    KEEP_ALL: "Giữ nguyên tất cả ({count})", "Keep all ({count})";
    WE_REST: "Các mục khác vẫn vào bình thường. Mục này được đọc lại ở lần đồng bộ sau.", "The other records are in. This one is read again with the next sync.";
    WE_WAIT: "Hệ thống không tự gửi lại khi bạn chưa quyết định, để không tạo đơn trùng.", "Nothing is sent again without you, so that no order is made twice.";
    WE_STOPPED: "Đã tự thử nhiều lần và dừng lại. Lần đồng bộ sau vẫn lấy lại dữ liệu của mục có bật đồng bộ.", "It was tried many times and rests now. The next sync brings the data of streams that are synced all the same.";
    YOU_SUPPORT: "Báo bộ phận hỗ trợ kèm mã lỗi; khi đã sửa thì bấm Thử lại, hoặc bỏ qua kèm ghi chú.", "Tell support, with the code; press Retry once that is mended, or set it aside with a note.";
    YOU_MEND: "Sửa ở Nhanh.vn rồi bấm Thử lại, hoặc bỏ qua kèm ghi chú.", "Correct it at Nhanh.vn and press Retry, or set it aside with a note.";
    YOU_NOTE: "Xem lại ở Nhanh.vn; không cần nữa thì bỏ qua kèm ghi chú.", "Look at it at Nhanh.vn; set it aside with a note where that is not needed.";
    YOU_ORDER: "Sửa đơn hoặc thiết lập theo câu trên rồi bấm Thử lại, hoặc bỏ qua kèm ghi chú.", "Mend the order or the setting as the sentence says and press Retry, or set it aside.";
    RETRY: "Thử lại", "Retry";
    RETRY_ALL: "Thử lại tất cả ({count})", "Retry all ({count})";
    DISCARD: "Bỏ qua", "Set aside";
    DISCARD_ALL: "Bỏ qua tất cả ({count})", "Set all aside ({count})";
    NOTE: "Ghi chú", "Note";
    NOTE_NEEDED: "Cần ghi chú vì sao bỏ qua.", "Say in a note why it is set aside.";
    RETRIED: "Đã xếp lịch thử lại {count} mục.", "{count} are queued again.";
    OVERTAKEN: "{count} mục không gửi lại được vì đơn đã có thay đổi mới hơn được gửi.", "{count} stay: a later change of the same order has gone out.";
    DISCARDED: "Đã bỏ qua {count} mục.", "{count} were set aside.";
    RECORDS: "Danh sách", "List";
    ORDER: "Đơn {code}", "Order {code}";
    RECORD_UNNAMED: "{item} mã {id}", "{item} {id}";
    RECORD_MANY: "Áp dụng cho nhiều {unit}", "Of several {unit}";
    AND_MORE: "và {count} mục nữa; tải CSV để xem hết.", "and {count} more; the CSV has all.";
    CSV: "Tải CSV", "Download CSV";
    SUPPORT: "Tải tệp cho hỗ trợ Nhanh.vn", "Download the file for Nhanh.vn's support";
    CODE: "Mã lỗi", "Code";
    NAME_OF: "Tên", "Name";
    NUMBER_THERE: "Mã ở Nhanh.vn", "Id at Nhanh.vn";
    FIELD_OF: "Ô", "Field";

    // Pairing.
    PAIRING: "Chờ liên kết", "To link";
    PAIRING_INTRO: "Những mục dưới đây có thể trùng với nhiều mục ở Nobi Pro. Hệ thống không đoán: bạn chọn.", "Each of these may be one of several here. Nothing is guessed: you choose.";
    NOTHING_TO_PAIR: "Không có mục nào chờ liên kết.", "Nothing waits to be linked.";
    PAIR_THIS: "Chọn liên kết", "Link this one";
    SINCE: "Chờ từ", "Waiting since";
    CANDIDATES: "{count} mục có thể khớp", "{count} candidates";
    THERE: "Ở Nhanh.vn", "At Nhanh.vn";
    HERE: "Ở Nobi Pro", "At Nobi Pro";
    WHICH_PAIR: "Liên kết với mục nào?", "Which one is it?";
    ALREADY_PAIRED: "đã liên kết với mục khác", "linked to another already";
    MAKE_NEW: "Tạo mới ở Nobi Pro", "Make a new one here";
    KEEP_OUT: "Không đồng bộ mục này", "Keep it out";
    DECIDE: "Xác nhận", "Confirm";
    DECIDED: "Đã ghi nhận lựa chọn.", "Your choice is kept.";
    GONE_MEANWHILE: "Mục này không còn chờ.", "It waits no longer.";
    LOOK_FAILED: "Chưa đọc được từ Nhanh.vn: {why}", "It could not be read from Nhanh.vn: {why}";
    PRICE: "Giá bán", "Price";
    DESCRIPTION: "Mô tả", "Description";
    SKU: "Mã sản phẩm", "SKU";
    BARCODE: "Mã vạch", "Barcode";
}
