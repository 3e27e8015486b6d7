// The figures of a shift, as X and Z show them. Counted amounts and differences appear once something was counted; what the drawer
// should hold appears only where the till says it.

import { CircleAlert, CircleCheck } from "lucide-react";
import type { Minor, ShiftReport } from "../door/types.ts";
import { Amount } from "../look/Amount.tsx";
import { useMoney, useSell } from "../shell/use.ts";
import { TenderName, ToVerify } from "../tender/TenderPane.tsx";
import { text } from "../texts/text.ts";

export function Figures({ report }: { report: ShiftReport }) {
  const counted = report.tenders.some((tender) => tender.counted_minor !== null);
  const included = useSell((sell) => sell.cart.prices_include_tax);
  return (
    <div className="figures">
      <section>
        <h2>{text("report-sales")}</h2>
        <dl>
          <Fact label="report-documents" value={<bdi className="number">{report.documents}</bdi>} />
          <Fact label="report-parked" value={<bdi className="number">{report.parked}</bdi>} />
          <Fact label="report-gross" minor={report.gross_sales_minor} />
          <Fact label="report-returns" minor={report.gross_returns_minor} />
          <Fact label="report-reductions" minor={-Math.abs(report.reductions_minor)} />
          <Fact label="report-net" minor={report.net_minor} />
          <Fact label={included ? "report-tax-included" : "report-tax"} minor={report.tax_minor} />
          {report.rounding_minor !== 0 ? <Fact label="report-rounding" minor={report.rounding_minor} /> : null}
          <Fact label="report-total" minor={report.total_minor} strong />
        </dl>
      </section>
      <Taxes report={report} />
      <section className={counted ? "broad" : undefined}>
        <h2>{text("report-tenders")}</h2>
        <table>
          <thead>
            <tr>
              <th scope="col">{text("report-tender")}</th>
              <th scope="col">{text("report-count")}</th>
              <th scope="col">{text("report-amount")}</th>
              {counted ? <th scope="col">{text("report-counted")}</th> : null}
              {counted ? <th scope="col">{text("report-difference")}</th> : null}
            </tr>
          </thead>
          <tbody>
            {report.tenders.map((tender) => (
              <tr key={`${tender.tender_type} ${tender.to_verify}`}>
                <th scope="row">
                  <TenderName tender={tender.tender_type} />
                  {tender.to_verify ? <ToVerify /> : null}
                </th>
                <td>{tender.count}</td>
                <td>
                  <Amount minor={tender.amount_minor} />
                </td>
                {counted ? (
                  <td>{tender.counted_minor === null ? "–" : <Amount minor={tender.counted_minor} />}</td>
                ) : null}
                {counted ? (
                  <td>
                    <Difference minor={tender.over_short_minor} />
                  </td>
                ) : null}
              </tr>
            ))}
          </tbody>
        </table>
        {report.tenders.length === 0 ? <p className="empty">{text("report-no-sales")}</p> : null}
        <h2>{text("report-drawer")}</h2>
        <dl>
          <Fact label="report-float" minor={report.float_minor} />
          <Fact label="report-moves" minor={report.cash_moves_minor} />
          <Fact label="report-openings" value={<bdi className="number">{report.drawer_openings}</bdi>} />
          {report.expected_cash_minor === null ? null : (
            <Fact label="report-expected" minor={report.expected_cash_minor} strong />
          )}
        </dl>
      </section>
    </div>
  );
}

/** Net, tax and gross of every rate; they add up to the total. A closing of long ago may not tell them. */
function Taxes({ report }: { report: ShiftReport }) {
  if (report.taxes === null) return null;
  const rows = report.taxes.map((tax) => ({
    name: `${tax.name} ${tax.rate} %`,
    net: tax.base_minor,
    tax: tax.tax_minor,
  }));
  if (report.untaxed_minor !== 0) rows.push({ name: text("report-untaxed"), net: report.untaxed_minor, tax: 0 });
  return (
    <section>
      <h2>{text("report-taxes")}</h2>
      <table>
        <thead>
          <tr>
            <th scope="col">{text("report-rate")}</th>
            <th scope="col">{text("report-rate-net")}</th>
            <th scope="col">{text("report-tax")}</th>
            <th scope="col">{text("report-rate-gross")}</th>
          </tr>
        </thead>
        <tbody>
          {rows.map(({ name, net, tax }) => (
            <tr key={name}>
              <th scope="row">
                <bdi>{name}</bdi>
              </th>
              <td>
                <Amount minor={net} />
              </td>
              <td>
                <Amount minor={tax} />
              </td>
              <td>
                <Amount minor={net + tax} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length === 0 ? <p className="empty">{text("report-no-sales")}</p> : null}
    </section>
  );
}

function Fact(props: { label: string; minor?: Minor; value?: React.ReactNode; strong?: boolean }) {
  return (
    <div className={props.strong ? "strong" : undefined}>
      <dt>{text(props.label)}</dt>
      <dd>{props.value ?? <Amount minor={props.minor ?? 0} />}</dd>
    </div>
  );
}

/** In words, not by a sign alone: short, over, or right. */
export function Difference({ minor }: { minor: Minor | null }) {
  const money = useMoney();
  if (minor === null) return <>–</>;
  const id = minor === 0 ? "difference-none" : minor < 0 ? "difference-short" : "difference-over";
  return (
    <span className={minor === 0 ? "difference right" : "difference off"}>
      {minor === 0 ? <CircleCheck aria-hidden="true" /> : <CircleAlert aria-hidden="true" />}
      {text(id, { amount: money.amount(Math.abs(minor)) })}
    </span>
  );
}
