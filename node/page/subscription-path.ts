/** Where the page of a subscription lies. */
export function subscriptionPath(id: string): string {
  return `/page/subscriptions/${encodeURIComponent(id)}`;
}
