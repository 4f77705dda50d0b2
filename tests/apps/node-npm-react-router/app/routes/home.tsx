import { useLoaderData } from "react-router";

export const loader = () => ({ message: "hello from the server" });

export default function Home() {
  return <h1>{useLoaderData<typeof loader>().message}</h1>;
}
