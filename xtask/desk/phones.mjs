// Devices on which people open their page, as their browsers say it.
const ANDROID =
  "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0.0.0 Mobile Safari/537.36";
const IPHONE =
  "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1";
const IPAD =
  "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15";

export const android = { agent: ANDROID, touch: true, width: 360, height: 740, headers: { "sec-ch-ua-platform": '"Android"' } };
export const iphone = { agent: IPHONE, touch: true, width: 390, height: 844, headers: { "sec-ch-ua-platform": "" } };
export const ipad = { agent: IPAD, touch: true, width: 820, height: 1180, headers: { "sec-ch-ua-platform": '"macOS"' } };
export const desktop = { width: 1280, height: 860 };

export const RECEIVER = "+919000000001";
/** Text that no registration was given. */
export const WRONG = `ONBOARD:${"0".repeat(64)}`;

/** A number that no other test uses. */
let used = 0;
export const number = () => `+9198100${String((used += 1)).padStart(5, "0")}`;
