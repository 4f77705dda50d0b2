window.env = { API_URL: "http://localhost:8000", PAGE_SIZE: 5, NEW_SEARCH: true, GREETING: "development" };
