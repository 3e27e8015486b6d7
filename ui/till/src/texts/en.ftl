# Every sentence of the cashier's window, in English. Short, in the past tense where something happened, with the consequence for money or
# goods before what to do. Buttons are verbs; nobody is blamed and nothing is exclaimed.

## Actions

action-pay = Pay
action-search = Search
action-return = Return
action-park = Park
action-recall = Recall
action-parked = Parked
action-discount = Discount
action-discount-sale = Discount on the whole sale
action-price = Price
action-quantity = Quantity
action-remove = Remove line
action-one-less = One less
action-undo = Undo
action-void = Void sale
action-cash-move = Cash in or out
action-drawer = Open drawer
action-remove-payment = Take a payment back
action-reprint = Print last receipt
action-cash = Take cash
action-card = Card
action-split = Split by 2
action-next-amount = Next amount
action-last-amount = Previous amount
action-print-again = Print again
action-return-this = Return from this sale
action-next-sale = Next sale
action-more = More
action-sell = Sell
action-history = History
action-report = Shift report
action-conflicts = To decide
action-sync = Head office
action-settings = Settings
action-close = Close shift
action-lock = Lock
action-palette = Find an action
action-help = Keys of this screen

## Shell

menu = Menu
menu-title = Menu
help-title = Keys
palette-title = Find an action or product
palette-placeholder = What do you want to do?
palette-found = Found
palette-nothing = Nothing is called that.
demo = Demo
search-placeholder = Search or scan
search-label = Search products by name or code
search-clear = Clear the search
search-nothing = Nothing is called “{ $search }”.
search-nothing-hint = Check the spelling, or type the code and press Enter.
printer-waiting = { $count ->
    [one] Receipt not printed
   *[other] { $count } receipts not printed
  }
pane-back = Back
place-anywhere = Everywhere
place-sell = Selling
place-products = Cart and products
place-line = Line
place-tender = Payment
place-change = Change
place-history = History
help-type-code = Add by typed code
help-times = Three of the next item, or of the chosen line
help-choose = Choose a line
help-edit = Change the chosen line
help-letters = Search products
help-back = Back one step

## Products and cart

departments = Departments
departments-all = All
departments-unfold = Every department
tiles = Products
tile-ask-price = Price asked
tile-none-left = none left
products-empty = This till has no products yet.
products-empty-alone = Scan anything, and sell it as an open item with its price.
products-empty-hint = Head office publishes them. Until then, scan and sell as open items.
strip = Actions
cart = Cart
cart-lines = Lines in the cart
cart-ready = Scan an item or search
cart-empty = The cart is empty.
cart-pieces = { $count ->
    [one] { $written } item
   *[other] { $written } items
  }
cart-comes-back = Goods come back
cart-announce = { $quantity } { $name }, { $amount }. Total { $total }.
last-sale = Last sale
change-word = change
line-return = Return:
line-off = off
line-each = each
sums-tax-included = Tax included
sums-tax-added = Tax
sums-saved = Saved
pay-out = Pay out
pay-back = Back to cart
sale-saved = Saved here:
sale-will-be-sent = Head office gets it by itself

## Cards on the cart

card-unknown = Not recognised:
card-misread = This code looks misread:
card-payment-begun = Scanned after payment began:
card-nothing-added = Nothing was added.
card-scan-again = Nothing was added. Scan it again or type it.
card-fix = Fix
card-leave-out = Leave it out
card-next-sale = Next sale
card-understood = Understood
card-more = { $count ->
    [one] 1 more was not added.
   *[other] { $count } more were not added.
  }
card-gate = { $count ->
    [one] 1 item was not added. Fix it or leave it out before you take money.
   *[other] { $count } items were not added. Fix them or leave them out before you take money.
  }
stuck-sale = This sale was not saved.
stuck-sale-hint = Do not hand over the goods yet.
stuck-act = The last change was not saved.
stuck-act-hint = The cart is as you see it.
stuck-silent = The till did not answer.
stuck-silent-hint = Ask again: nothing is done twice.
stuck-again = Try again
stuck-give-up = Leave it
fix-find = Find it by name
fix-find-label = Name
fix-open = Sell as an open item
fix-name = Name on the receipt
fix-department = Department
fix-no-department = None
fix-price = Price ({ $currency })
fix-sell = Add

## Line editor

line-whole-sale = The whole sale
line-mode = What to change
line-mode-quantity = Quantity
line-mode-percent = Percent off
line-mode-amount = Amount off
line-mode-price = Price
line-reason = Reason
line-needs-reason = Choose a reason.
line-too-much = More than 100 % cannot be given.
line-apply = Apply
line-leave = Leave unchanged
reason-damaged = Damaged
reason-price-match = Price match
reason-shelf-label = Shelf label wrong
reason-regular = Regular customer
reason-manager = Manager
reason-other = Other
approval-title = Another person approves
approval-may-not = { $name } may not { $right }.
approval-may-not-plain = { $name } may not do this alone.
approval-ask = These people may approve it. It counts for this once.
approval-nobody = Nobody else at this till may approve this. Ask your manager.
approval-approve = Approve
approval-leave = Leave it
permission-sell = sell
permission-discount = give this discount
permission-override-price = change prices
permission-return-linked = take goods back
permission-return-blind = take goods back without a receipt
permission-sell-open-item = sell open items
permission-abandon-sale = give up a sale or a payment
permission-move-cash = open the drawer or move money
permission-run-shift = open and close shifts
right-asks = ask first
right-denied = not yours
void-what = The whole cart of { $total } is given up. It stays in the records as voided.
void-reason = Reason
void-reason-customer-left = Customer left
void-reason-mistake = Mistake
void-reason-no-money = Could not pay
void-reason-training = Training
void-reason-other = Other
void-keep = Keep the sale
void-hold = { $count ->
    [one] Hold to void 1 line
   *[other] Hold to void { $count } lines
  }
cash-move-way = What happens
cash-move-in = Paid in
cash-move-out = Paid out
cash-move-drop = Drop to the safe
cash-move-amount = Amount ({ $currency })
cash-move-reason = Reason
cash-move-do-in = Put in
cash-move-do-out = Take out
cash-move-do-drop = Drop
drawer-what = The drawer opens without a sale. It stands on the record.
drawer-none = No drawer is connected here, so the key opens it. It stands on the record all the same.
drawer-reason = Why
drawer-reason-change = Change money
drawer-reason-count = Count cash
drawer-reason-wrong-note = Wrong note given
drawer-reason-check = Look at something
drawer-reason-other = Other
drawer-open = Open the drawer
drawer-record = Put it on the record
drawer-opened = The drawer was told to open. If it stays shut, use the key.
drawer-by-key = It is on the record. Use the key.
parked-empty = Nothing is parked.
parked-empty-hint = Park sets a sale aside; it waits here.
parked-swap = The sale in hand is parked when you recall another.
parked-facts = { $count ->
    [one] 1 line · { $by }
   *[other] { $count } lines · { $by }
  }

## Number pad

pad = Number pad
pad-last = Last item
pad-nothing = Nothing scanned yet
pad-point = Decimal point
pad-erase = Erase
pad-amount = Amount
pad-quantity = Quantity
pad-code = Code or quantity
pad-times = Times
pad-take = Take
pad-find = Add

## Tender

tender-to-pay = To pay
tender-still = Still to pay
tender-pay-out = To pay out
tender-hint = Type what you received, or take the exact amount
tender-out-hint = The customer gets money back
tender-received = Received
tender-too-long = That is no amount. Clear it and type again.
tender-exact = Exact
tender-take = Take
tender-take-out = Pay out
tender-half = Split by 2
tender-third = Split by 3
tender-taken = Paid so far
tender-remove = Take back
tender-choose-hint = ↑ ↓ choose a payment.
mark-to-verify = to be verified
remove-ask = { $amount } by { $tender_type }: where is the money?
remove-handed-back = Handed back to the customer
remove-reversed = The terminal took it back
remove-not-taken = It was never taken
remove-what = The payment is taken off this sale. It stays on the record.
remove-keep = Keep the payment
tender-type-cash = Cash
tender-type-card = Card
tender-type-manufacturer-coupon = Coupon
tender-type-gift-card = Gift card
tender-type-store-credit = Store credit
tender-type-account = On account
guard-question = Customer gave { $given }?
guard-change = Change would be { $change }.
guard-fix = Fix the amount
guard-really = Yes, { $given }
card-key-there = Key into the card terminal:
card-refund-there = Refund on the card terminal:
card-last-four = Last four digits
card-authorisation = Approval number
card-optional = Both may stay empty.
card-approved = Terminal says approved
card-was-declined = Terminal says declined
card-not-known = I can't tell
card-unknown-title = We don't know if the card was charged.
card-unknown-look = Look at the card terminal.
card-it-says-approved = It says approved
card-it-says-declined = It says declined
card-later = Decide later
card-later-what = Later: the sale goes on, and the payment stands as to be verified in History.
card-back = Back
settle-what = The sale stays as it is. Approved: it is paid. Declined: the amount is owed.
settle-elsewhere = The till that took this payment looks after it.
change-due = Change due
change-none = No change
change-paid-out = Paid out
change-number = Sale
change-total = Total
change-received = Received
change-next-hint = The next scan starts the next sale.

## People

sign-in-who = Who is selling?
sign-in-nobody = Nobody is known at this till yet.
sign-in-choose = Choose your name.
sign-in-pin = PIN of { $name }
sign-in-enter = Sign in
person-no-pin = no PIN yet
person-locked = { $minutes ->
    [one] locked for 1 min
   *[other] locked for { $minutes } min
  }

## First run

start-title = This till is new. How does it start?
start-join = Join a store
start-join-what = Head office gave you a code for this till.
start-alone = Start alone
start-alone-what = One till that keeps its books itself. It stays alone for now.
start-loading = Getting ready
start-loading-what = { $count ->
    [0] Waiting for the price list.
   *[other] { $count } products so far.
  }
join-server = Address of head office
join-server-example = https://office.example
join-code = Code
join-code-where = Head office shows it under “Add a till”. It has ten letters and digits.
join-name = Name of this till
join-name-why = Write it as head office did when it made the code: the code is for that name.
join-do = Join
join-busy = Joining…
alone-store = Name of the shop
alone-till = Name of this till
alone-till-default = Till 1
alone-owner = Your name
alone-currency = Currency
alone-pin = Your PIN (4 to 8 digits)
alone-pin-again = The same PIN again
alone-pins-differ = The two PINs are not the same.
alone-prices = Prices on the shelf
alone-prices-inclusive = With tax
alone-prices-exclusive = Without tax
alone-zone = Time zone: { $zone }
alone-do = Start selling

## Shift

open-title = Good to see you, { $name }. What is in the drawer?
open-what = The shift starts with this float.
open-same = Same as at the last close:
open-way = How to state the float
open-total = One amount
open-count = Count notes and coins
open-float = Float ({ $currency })
open-drawer = In the drawer
open-do = Open shift
count-less = One { $face } less
count-more = One { $face } more
count-unread = ?
count-slips = Totals on the terminal's slip
count-optional = if you have it
count-total = Counted
count-done = Counted all
close-title = Close shift
close-step-check = Look
close-step-count = Count
close-step-confirm = Confirm
check-cart-empty = No sale is in hand.
check-cart-open = { $count ->
    [0] A scan is unanswered.
    [one] A sale with 1 line is in hand. Finish or park it.
   *[other] A sale with { $count } lines is in hand. Finish or park it.
  }
check-parked = { $count ->
    [0] No sale is parked.
    [one] 1 sale is parked. It stays parked.
   *[other] { $count } sales are parked. They stay parked.
  }
check-to-verify = { $count ->
    [one] 1 card payment is to be verified. Look at the terminal.
   *[other] { $count } card payments are to be verified. Look at the terminal.
  }
check-waiting = { $count ->
    [0] Head office has every sale.
    [one] 1 sale will be sent later. Your Z is final anyway.
   *[other] { $count } sales will be sent later. Your Z is final anyway.
  }
check-blind = You count first. The till says what it expected afterwards.
check-to-sell = Back to the sale
check-count = Count the drawer
confirm-what = This is what you counted. Closing ends the shift.
confirm-recount = Count again
confirm-close = Close the shift
closed-title = Shift closed
closed-final = The Z is final. Later arrivals never change it.
closed-waiting = { $count ->
    [one] 1 sale will be sent later. The Z is final.
   *[other] { $count } sales will be sent later. The Z is final.
  }
closed-print = Print Z
difference-none = right
difference-short = short { $amount }
difference-over = over { $amount }
report-title = Shift report
report-until = Shift of { $by },
report-no-shift = No shift is open.
report-here = This till only.
report-waiting = { $count ->
    [one] This till only. 1 sale is still to be sent.
   *[other] This till only. { $count } sales are still to be sent.
  }
report-print = Print X
report-printing = On its way to the printer.
report-sales = Sales
report-documents = Receipts
report-gross = Gross sales
report-returns = Returns
report-reductions = Discounts
report-net = After discounts
report-tax = Tax
report-tax-included = Tax included
report-rounding = Cash rounding
report-total = Total
report-tenders = Payments
report-tender = Paid by
report-count = Count
report-amount = Amount
report-counted = Counted
report-difference = Difference
report-taxes = Taxes
report-rate = Rate
report-rate-net = Net
report-rate-gross = Gross
report-untaxed = Untaxed
report-openings = Opened without a sale
report-no-sales = No sales in this shift yet.
report-drawer = Drawer
report-float = Float
report-moves = Cash in and out
report-expected = Should hold
report-parked = Parked sales

## History

history-filter = Filter sales
history-filter-example = today, card, >50, milk, #1042
history-understood = Shown:
history-empty = No sales yet. The first one will be here at once.
history-nothing = No sale matches. Try less:
history-all = all sales
history-more = Older sales
history-lines = { $count ->
    [one] 1 line
   *[other] { $count } lines
  }
history-others = Other tills as of { $ago }.
token-today = today
token-returns = returns
token-cash = cash
token-card = card
mark-return = Return
mark-returned-part = Part returned
mark-returned-whole = Returned
ticks-here = Safe on this till, waiting to be sent
ticks-head-office = Head office has it
document-label = Sale { $number }
document-close = Close this sale
document-parts = Views
document-lines = Lines
document-receipt = Receipt
document-timeline = What happened
document-returned = returned
document-owed = Not paid
document-given = given
document-change = change
document-print = Print again
print-copy = On its way to the printer, marked as a copy.
print-no-printer = No printer is set up.
receipt-copies = { $count ->
    [0] Not printed again yet.
    [one] Printed again once.
   *[other] Printed again { $count } times.
  }
timeline-technical = Technical
return-which = What comes back?
return-of = up to { $most }
return-less = One { $name } less
return-more = One { $name } more
return-condition = Condition
return-restocked = Back to the shelf
return-damaged = Damaged
return-all = All items
return-take = { $count ->
    [0] Take back
    [one] Take back 1 line
   *[other] Take back { $count } lines
  }
event-other = { $event }
event-sale-opened = Sale begun
event-sale-line-added = { $quantity } × { $name } added
    .plain = Item added
event-sale-return-added = { $quantity } × { $name } taken back
    .plain = Goods taken back
event-sale-line-changed = { $name } changed to { $quantity }
    .plain = Line changed
event-sale-line-removed = Line { $line } removed
    .plain = Line removed
event-sale-discounted = Discount given: { $reason }
    .plain = Discount given
event-sale-customer-set = Customer set
event-sale-parked = Sale parked
event-sale-tendered = { $amount } paid by { $tender_type }
    .plain = Payment taken
event-sale-completed = Completed as { $number }, { $total }
    .plain = Sale completed
event-sale-abandoned = Sale voided
event-sale-tendered-to-verify = { $amount } by { $tender_type }, to be verified
    .plain = Payment taken, to be verified
event-sale-tender-handed-back = Payment taken back, money handed back
event-sale-tender-reversed = Payment taken back by the terminal
event-sale-tender-not-taken = Payment taken off: no money was taken
event-sale-tender-charged = Verified: { $amount } was charged
    .plain = Verified: the card was charged
event-sale-tender-not-charged = Verified: { $amount } was not charged, it is owed
    .plain = Verified: the card was not charged
event-sale-tender-corrected = Payment corrected
event-sale-returned = { $quantity } returned on { $number }, { $amount }
    .plain = Goods returned

## Head office

pill-in-step = All sent
pill-alone = Saved on this till
pill-sending = Sending…
pill-offline = Offline – keep selling
pill-offline-long = Offline since { $day } – tell your manager
pill-manager = Manager needed
pill-conflicts = Manager needed: { $count }
pill-clock = Check the clock
pill-waiting = { $count ->
    [one] 1 sale waiting to be sent
   *[other] { $count } sales waiting to be sent
  }
ago-now = just now
ago-never = never
ago-minutes = { $count } min ago
ago-hours = { $count } h ago
ago-days = { $count ->
    [one] 1 day ago
   *[other] { $count } days ago
  }
sync-lead-in-step = Everything is sent. ✓✓
sync-lead-sending = Sending. Keep selling.
sync-lead-offline = Offline. Keep selling: every sale is safe on this till.
sync-lead-refused = Head office does not take this till's records. Keep selling and call your manager: nothing is lost.
sync-lead-held = Head office has ended this till's access. Sales are safe here and kept there apart (✓). Call your manager.
sync-lead-alone = This till works alone. Every sale is safe here.
sync-up = This till → head office
sync-up-alone = This till
sync-waiting = { $count ->
    [one] 1 sale waiting, from { $oldest }
   *[other] { $count } sales waiting, the oldest from { $oldest }
  }
sync-all-sent = All sales are at head office.
sync-all-here = All sales are on this till.
sync-small-things = { $count ->
    [one] All sales are sent. 1 small record follows.
   *[other] All sales are sent. { $count } small records follow.
  }
sync-safe = ✓ safe on this till · ✓✓ at head office as well
sync-down = Head office → this till
sync-prices-new = Prices are the newest known.
sync-prices-of = Prices as of { $ago }.
sync-contact = Last contact { $ago }
sync-time = Clock
sync-clock-right = The clock is right.
sync-clock-fast = { $seconds } s fast.
sync-clock-slow = { $seconds } s slow.
sync-clock-alone = No other clock to compare it with.
sync-clock-unknown = Not compared yet.
sync-storage = Storage
sync-storage-free = { $gigabytes } GB free.
notices = Health of this till
notice-lists-rebuilt = The lists of this till were made anew.
notice-lists-rebuilt-do = Nothing is lost and nothing needs doing. If it happens again, have the disk looked at.
notice-lists-in-memory = The disk does not keep this till's lists.
notice-lists-in-memory-do = Keep selling: sales are saved. Have the disk looked at today.
notice-copy-not-written = The second copy of the books is not written.
notice-copy-not-written-do = Sales are saved once instead of twice. Make room on its disk, then start the till again.
notice-books-taken-back = The books were damaged and came back from the second copy.
notice-books-taken-back-do = Compare the last receipts with the slips, and have the disk looked at.
notice-in-the-clear = What this till sends can be read on the way.
notice-in-the-clear-do = Sales are safe and cannot be changed. Whoever looks after head office finds what to do in OPERATIONS, under TLS.
notice-keys-in-file = This till's keys lie in a file.
notice-keys-in-file-do = Only this user can read it. This system offers no open keystore; encrypt its disk.
notice-office-lacks = Head office lacks what it had confirmed.
notice-office-lacks-do = Tills send again what they hold. If this stays, call whoever looks after head office.
notice-storage-low = The disk gets full.
notice-storage-low-do = Keep selling. Have somebody make room within the next weeks.
notice-storage-scarce = The disk is nearly full.
notice-storage-scarce-do = Make room today. When it is full, this till cannot save sales.
alone-title = A till alone
alone-is = This till keeps all its books itself. No other machine has a copy.
alone-safe = Keep the second copy on another disk, such as a USB stick that stays in.
alone-later = This version cannot join it to a head office, nor add a second till.
sync-next = Next try in { $seconds } s.
sync-try = Try now
sync-trying = Trying…
works-title = What works offline
works-always = Always
works-always-what = Selling, cash, parking, discounts, returns of known receipts, shift reports, printing.
works-limits = With limits
works-limits-what = Other tills' receipts, stock elsewhere, new colleagues: as last heard.
works-waits = Waits
works-waits-what = Changes from head office, reports of other tills.
conflicts-empty = Nothing to decide.
conflicts-empty-hint = What somebody has to decide is explained here.
conflicts-open = { $count ->
    [one] 1 needs a decision
   *[other] { $count } need a decision
  }
conflicts-answered = Decided
conflict-happened = What happened
conflict-done = What was done already
conflict-money = It is about
conflict-parties = Who says what
conflict-from = Where it comes from
conflict-choices = What needs deciding
conflict-where = Your manager decides at head office. Keep selling.
conflict-alone = On a till alone this stands as a note. Keep selling.

## Settings

settings-about = Daybook { $version } · { $products } products
settings-look = Look
settings-theme = Theme
settings-scale = Size
settings-sound = Sound
theme-auto = As the system
theme-light = Light
theme-dark = Dark
theme-high = High contrast
switch-on = On
switch-off = Off
sound-volume = Volume
sound-quiet = Quiet: the border flashes instead
sound-item = A sound for every item
sound-try = Try
sound-no-loudspeaker = No loudspeaker answers. The border of the window flashes instead.
sound-added = Added
sound-refused = Refused
sound-attention = Attention
sound-paid = Paid
settings-scanner = Scanner
scanner-kind = Kind
scanner-usb = USB
scanner-bluetooth = Bluetooth
scanner-test = Test
scanner-test-hint = Tap here and scan anything
scanner-heard = Heard:
scanner-gap = { $gap } ms between keys
settings-printer = Receipt printer
printer-address = Address
printer-address-example = 192.168.1.50:9100
printer-code-page = Characters
printer-columns = Columns
printer-cuts = Cuts the paper
printer-drawer = Opens the drawer
printer-keep = Keep
printer-test = Print a test page
printer-testing = The test page is on its way.
printer-kept = The printer is set up.
printer-removed = The printer was taken off.
printer-remove = Take printer off
settings-queue = Waiting to be printed
queue-empty = Nothing waits to be printed.
queue-copy = COPY
queue-waiting = waiting
queue-printing = printing
queue-unsure = may have come out: look at the printer
queue-tries = { $count } tries
queue-again = Print again
queue-again-copy = Print again (COPY)
queue-nothing = Nothing came out
queue-drop = Leave it

## Full screens

stopped-title = This till cannot save sales.
stopped-money = Do not take money. Nothing that was saved is lost.
stopped-why = Why
stopped-last = Last saved sale
stopped-none = none yet
stopped-do = Call your manager. Then start the till again.
stopped-look = Look again
stopped-disk-full = The disk is full.
unopened-title = This till did not start.
unopened-twice-title = Use the window that is open.
unopened-twice-do = Close this window. Nothing that was saved is lost.
silent-title = The till does not answer.
silent-what = The window asks again by itself. Sales that were completed are saved.

## What the till says no to

fault-kind-refused = The till did not do that. Nothing was changed. ({ $code })
fault-kind-needs-approval = Somebody else has to approve this. Nothing was changed.
fault-kind-unknown-code = Nothing has that code. Nothing was added.
fault-kind-not-recorded = That was not saved. Nothing was changed.
fault-kind-stopped = The till must be started again. Nothing was changed.
fault-kind-signed-out = Sign in first. Nothing was changed.
fault-no-answer = The till did not answer. Ask again: nothing is done twice.
fault-no-shift = No shift is open. Open one first.
fault-not-open = That sale is not in hand any more.
fault-no-such-line = That line is not in the cart any more.
fault-no-such-tender = That payment is not on this sale any more.
fault-payment-begun = Payment has begun, so the cart stands still. Nothing was changed.
fault-empty = There is nothing in the cart.
fault-no-price = This item has no price. Sell it as an open item.
fault-unknown-code = Nothing here has the code { $code }. Nothing was added.
    .plain = Nothing has that code. Nothing was added.
fault-unknown-tax-class = No tax is set up for this item ({ $class }). Nothing was added.
    .plain = No tax is set up for this item. Nothing was added.
fault-beyond-limit = That is more than a till can record ({ $what }). Nothing was changed.
    .plain = That is more than a till can record. Nothing was changed.
fault-senseless = That cannot be done ({ $what }). Nothing was changed.
    .plain = That cannot be done. Nothing was changed.
fault-needs-approval = Somebody else has to approve this. Nothing was changed.
fault-approval-over = The approval took too long. Ask for it once more.
fault-same-person = Somebody else has to approve. Nothing was changed.
fault-not-permitted = You may not do this. Nothing was changed.
fault-not-returnable = At most { $left } can be taken back. The rest was returned before.
    .plain = That cannot be taken back. It was returned before, or is a return itself.
fault-recalled-before = That parked sale was recalled before. Nothing was changed.
fault-no-such-tender-type = This store does not take { $tender_type }. Nothing was taken.
    .plain = This store does not take that. Nothing was taken.
fault-over-tender = That is more than the { $due } due. Nothing was taken.
    .plain = That is more than is due. Nothing was taken.
fault-needs-voucher = State which card or voucher it is. Nothing was taken.
fault-needs-customer = Only a known customer has an account. Nothing was taken.
fault-unsettled = There is still { $rest } to pay.
    .plain = There is still something to pay.
fault-card-over = A card pays at most what is due. Nothing was taken.
fault-card-declined = Card declined. Nothing was charged. Try again or pay another way.
fault-wrong-pin = That PIN did not match. { $tries_left ->
    [one] 1 try left.
   *[other] { $tries_left } tries left.
  }
    .plain = That PIN did not match.
fault-locked = Too many tries. Wait { $seconds } s, or ask a colleague.
    .plain = Too many tries. Wait a little, or ask a colleague.
fault-locked-out = Too many tries: this PIN is locked. A manager can set a new one.
fault-no-pin = This person has no PIN yet. A manager can set one.
fault-unknown-person = This till does not know that person any more. Sign in again.
fault-signed-out = Nobody is signed in. Sign in first. Nothing was changed.
fault-weak-pin = That PIN is too easy to guess or too short. Choose another one.
fault-already-enrolled = This till belongs to a store already. Nothing was changed.
fault-not-enrolled = This till belongs to no store yet.
fault-cannot-begin = The shop was not begun: { $why }.
    .plain = The shop was not begun. Nothing was changed.
fault-unreachable = Head office did not answer. Check the address and the network.
fault-code-refused = Head office did not take this till in: { $why }.
    .plain = That is no code of head office. It has ten letters and digits.
fault-unknown-receipt = This till does not know that receipt. It may be from another shop.
fault-no-printer = No printer is set up. The sale is saved.
fault-no-such-print = That paper waits no more.
fault-print-queue-full = Too many papers wait for the printer. Look at the printer first.
fault-print-not-kept = That was not set up: { $why }.
    .plain = That was not set up. Nothing was changed.
fault-disk-full = The disk is full, so that was not saved. Nothing was changed.
fault-not-recorded = That was not saved. Nothing was changed. ({ $why })
    .plain = That was not saved. Nothing was changed.
fault-stopped = The till stopped saving and must be started again. ({ $why })
    .plain = The till stopped saving and must be started again.
fault-outcome-unknown = It is not known whether that was saved. Start the till again: it will say. ({ $why })
    .plain = It is not known whether that was saved. Start the till again: it will say.
fault-already-running = Daybook is already running on this machine.
fault-cannot-open = What this till has saved cannot be opened: { $why }.
    .plain = What this till has saved cannot be opened.
