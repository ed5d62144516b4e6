// The same page in Node, in one process and without isolation: bytes in, rows out. Reads how often to do it, a line each, and answers each
// line with how many rows it made.
import { readFileSync } from "node:fs";
import { createInterface } from "node:readline";

const body = readFileSync(process.argv[2]);

const text = (value) => {
  if (value === null || value === undefined) return undefined;
  const trimmed = String(value).trim().normalize("NFC");
  return trimmed === "" ? undefined : trimmed;
};
const whole = (value) => (value === null || value === undefined || value === "" ? undefined : Math.round(Number(value)));
const milli = (value) => (value === null || value === undefined || value === "" ? undefined : Math.round(Number(value) * 1000));

function product(row) {
  const images = [];
  for (const image of [row.image, ...row.images]) {
    if (typeof image === "string" && /^https?:\/\//.test(image) && !images.includes(image)) images.push(image);
  }
  const attributes = [];
  for (const group of row.attributes) {
    for (const it of Object.values(group)) attributes.push({ name: text(it.attributeName), value: text(it.name) });
  }
  const stock = [];
  for (const [branch, it] of Object.entries(row.inventory.depots)) {
    stock.push({
      branch,
      onHand: milli(it.remain),
      reserved: milli(it.holding),
      shipping: milli(it.shipping),
      damaged: milli(it.damaged),
      available: milli(it.available),
    });
  }
  const parent = Number(row.parentId);
  return {
    id: String(row.idNhanh),
    ownId: text(row.privateId),
    kind: parent === -2 ? "variant-parent" : parent > 0 ? "variant-child" : "goods",
    parent: parent > 0 ? String(row.parentId) : undefined,
    sku: text(row.code),
    barcode: text(row.barcode),
    name: text(row.name) ?? "",
    category: text(row.categoryId),
    brand: text(row.brandName),
    unit: text(row.unit),
    status: row.status,
    prices: {
      retail: whole(row.price),
      compareAt: whole(row.oldPrice),
      cost: whole(row.importPrice) ?? whole(row.avgCost),
      wholesale: whole(row.wholesalePrice),
    },
    vat: whole(row.vat),
    weightGrams: whole(row.shippingWeight),
    description: row.description,
    images,
    attributes,
    units: [],
    stock,
    updated: row.updatedAt * 1000,
  };
}

function page() {
  const reply = JSON.parse(body.toString("utf8"));
  if (reply.code !== 1) throw new Error("refused");
  const rows = [];
  for (const row of Object.values(reply.data.products)) rows.push(product(row));
  return rows.length;
}

for await (const line of createInterface({ input: process.stdin })) {
  let rows = 0;
  for (let left = Number(line); left > 0; left -= 1) rows += page();
  console.log(rows);
}
