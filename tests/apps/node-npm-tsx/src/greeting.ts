enum Word {
  Hello = "hello",
}

export const greeting = (name: string): string => `${Word.Hello} ${name}`;
